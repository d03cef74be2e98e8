"""Hooks of MkDocs: the version in the site's footer, labels of cells, and `llms.txt`."""

from __future__ import annotations

import itertools
import re
import typing as t
from pathlib import Path

from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager

ROOT = Path(__file__).parent.parent


def project_version() -> str:
    """Return the version of the checkout."""
    return ProjectMetadata(str(ROOT), PluginManager()).version


def on_config(config: t.Any) -> t.Any:
    """Show the version in the footer of all pages."""
    config.copyright = f"Version {project_version()} · Apache 2.0"
    return config


def label_cells(table: str) -> str:
    """Return a table whose cells name their column. Phones show a row as a block of cells."""
    titles = [
        re.sub(r"<.*?>", "", title) for title in re.findall(r"(?s)<th\b.*?>(.*?)</th>", table)
    ]
    labels = itertools.cycle(titles)
    return re.sub(r"<td\b", lambda _: f'<td data-label="{next(labels)}"', table)


def on_page_content(html: str, **_: t.Any) -> str:
    """Label the cells of all tables of a page."""
    return re.sub(r"(?s)<table>.*?</table>", lambda match: label_cells(match[0]), html)


def question_pages(index: str) -> list[tuple[str, str, str]]:
    """Return question, title and file of each row in the table of the start page."""
    return re.findall(r"(?m)^\| (.+?) \| \[(.+?)\]\(([\w-]+\.md)\) \|$", index)


def llms_text(docs: Path) -> str:
    """Return `llms.txt`: the summary of the start page, and a link to the text of each page."""
    index = (docs / "index.md").read_text("utf-8")
    summary = " ".join(index.split("\n\n")[1].split())
    lines = [f"- [{title}]({file}): {question}" for question, title, file in question_pages(index)]
    return "\n".join(
        ["# tap-tiktok-ads", "", f"> {summary}", "", "## Documentation", "", *lines, ""]
    )


def on_post_build(config: t.Any) -> None:
    """Write `llms.txt`, and the text of each page that it names, into the site."""
    docs, site = Path(config.docs_dir), Path(config.site_dir)
    (site / "llms.txt").write_text(llms_text(docs), "utf-8")
    for page in docs.glob("*.md"):
        (site / page.name).write_text(page.read_text("utf-8"), "utf-8")
