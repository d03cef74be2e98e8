"""The pages of the documentation as shell scripts.

A page's script runs its blocks in order. HTML comments directly before a block are marks:

* `<!-- before: COMMAND -->` prepares what the page assumes, for example an earlier state.
* `<!-- file: NAME -->` writes the block, in any language, to a file.
* `<!-- not run: REASON -->` leaves out a block that cannot run without a person or another machine.
"""

from __future__ import annotations

import dataclasses
import re
import textwrap
import typing as t
from pathlib import Path

if t.TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHELL_LANGUAGES = frozenset({"sh", "bash", "shell", "console"})

_MARK = r"<!-- *(before|file|not run): ((?:(?!-->).)*?) *-->"
_BLOCK = re.compile(
    rf"(?ms)^(?P<marks>(?:[ ]*{_MARK}\n+)*)"
    r"(?P<indent>[ ]*)(?P<fence>```+)(?P<language>\w*)[^\n]*\n(?P<text>.*?)^(?P=indent)(?P=fence)$"
)


@dataclasses.dataclass(frozen=True)
class Block:
    """A fenced block of a page, with its marks.

    Attributes:
        language: The language of the block, for example `sh`.
        text: The lines of the block, without their indentation.
        before: Commands that run before the block.
        file: Name of the file that holds the block, or None.
        reason: The reason why the block does not run, or None.
    """

    language: str
    text: str
    before: tuple[str, ...] = ()
    file: str | None = None
    reason: str | None = None

    @property
    def script(self) -> str:
        """The commands of the block, with a line break after the last one."""
        if self.reason is not None:
            return ""
        commands = "".join(f"{command}\n" for command in self.before)
        if self.file is not None:
            return f"{commands}cat > {self.file} <<'END OF FILE'\n{self.text}END OF FILE\n"
        return commands + self.text if self.language in SHELL_LANGUAGES else commands


def blocks_of(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page in order."""
    for match in _BLOCK.finditer(page.read_text("utf-8")):
        marks: dict[str, list[str]] = {"before": [], "file": [], "not run": []}
        for name, value in re.findall(rf"(?s){_MARK}", match["marks"]):
            marks[name].append(" ".join(value.split()))
        yield Block(
            match["language"],
            textwrap.dedent(match["text"]),
            tuple(marks["before"]),
            next(iter(marks["file"]), None),
            next(iter(marks["not run"]), None),
        )


def script_of(page: Path) -> str:
    """Return the commands of a page. The script is empty if the page shows no commands."""
    return "".join(block.script for block in blocks_of(page))
