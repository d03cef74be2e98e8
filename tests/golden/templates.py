"""Message templates of the package, found in its syntax trees."""

from __future__ import annotations

import ast
import re
import typing as t
from pathlib import Path

if t.TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).parent.parent.parent / "tap_tiktok_ads"
#: Methods of loggers and of `warnings` that write a message, with the position of its text.
LOG_METHODS = {"debug": 0, "info": 0, "warning": 0, "error": 0, "exception": 0, "log": 1}
#: Classes of exceptions that a message can be the argument of.
ERROR = re.compile(r"\w*(Error|Exception|Error\w*|Ended|Exit|problem)$|_?damaged$")
#: Names of variables that hold a message.
TEXT_NAMES = frozenset(("msg", "text", "damage", "reason", "message", "error", "problem"))


class Template(t.NamedTuple):
    """A message with its position in the package."""

    where: str
    text: str

    def makes(self, message: str) -> bool:
        """Return True if the message contains the parts of the template in order."""
        position = 0
        for part in re.split(r"\{\}|%[-+.,\d]*[a-z]", self.text):
            found = message.find(part, position)
            if found < 0:
                return False
            position = found + len(part)
        return True


def _text_of(node: ast.AST) -> str:
    """Return the text of a literal, with `{}` for each value, or an empty text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
        )
    return ""


def _messages(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the expressions of a node that are messages."""
    if isinstance(node, ast.Assign):
        names = {target.id for target in node.targets if isinstance(target, ast.Name)}
        if names & TEXT_NAMES:
            yield node.value
    if isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name in LOG_METHODS and len(node.args) > LOG_METHODS[name]:
            yield node.args[LOG_METHODS[name]]
        elif ERROR.match(name) or name in {"Rule", "replace"}:
            yield from node.args
            yield from (keyword.value for keyword in node.keywords if keyword.arg == "advice")
    if isinstance(node, ast.Return | ast.Yield) and node.value is not None:
        yield node.value


def _literals(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the texts of an expression: both sides of a condition."""
    if isinstance(node, ast.IfExp):
        yield from _literals(node.body)
        yield from _literals(node.orelse)
    elif isinstance(node, ast.BoolOp | ast.Tuple):
        for value in getattr(node, "values", getattr(node, "elts", ())):
            yield from _literals(value)
    else:
        yield node


def _has_words(text: str) -> bool:
    """Return True if a text is a message: three words or more, with spaces between them."""
    return " " in text and len(re.findall(r"\w{2,}", text.replace("{}", ""))) >= 3


def templates() -> list[Template]:
    """Return every message template of the package outside the simulator."""
    found: dict[Template, None] = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        name = file.relative_to(PACKAGE).as_posix()
        if name.startswith("simulator/"):
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            for message in _messages(node):
                for literal in _literals(message):
                    text = _text_of(literal)
                    if _has_words(text):
                        found[Template(name, text)] = None
    return list(found)


def unmade(collected: dict[str, dict[str, list[str]]]) -> list[str]:
    """Return the templates that no collected message is made of, each with its module."""
    texts = [text for cases in collected.values() for texts in cases.values() for text in texts]
    return [
        f"{template.where}: {template.text}"
        for template in templates()
        if not any(map(template.makes, texts))
    ]
