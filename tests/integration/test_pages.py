"""Each command that the documentation shows, run as a reader runs it, in three worlds."""

from __future__ import annotations

import json
import typing as t

import pytest
from pages import PAGES, script_of

from tap_tiktok_ads.simulator import Simulator

from .reader import Reader, install_reader_environment
from .targets import ROOT

if t.TYPE_CHECKING:
    from pathlib import Path

    from .targets import Server

WORLDS: dict[str, dict[str, t.Any]] = {
    "default": {},
    "sample_config": json.loads((ROOT / "sample_config.json").read_text("utf-8"))["simulator"],
    "seed 20": {"seed": 20},
}


@pytest.fixture(scope="session")
def active(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the virtual environment of the reader."""
    return install_reader_environment(tmp_path_factory.mktemp("reader"))


@pytest.mark.parametrize(
    "page", [page for page in PAGES if script_of(page)], ids=lambda page: page.name
)
def test_commands_of_page_succeed(
    page: Path,
    active: Path,
    postgres: Server,
    subtests: pytest.Subtests,
    tmp_path: Path,
) -> None:
    """All commands of a page succeed in their order in a new folder.

    The virtual environments that the commands create stay for the other worlds.
    """
    reader = Reader(tmp_path / "page", active, postgres)
    for world, options in WORLDS.items():
        with subtests.test(world=world), Simulator(options) as sim:
            reader.run(script_of(page), options, sim)
