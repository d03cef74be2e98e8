"""Files of the repository: its address, the workflows and the guide for coding agents."""

from __future__ import annotations

import re
import subprocess
import typing as t

import pytest
import yaml
from generated import FILES, PARTS, ROOT, render, repository

if t.TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    not (ROOT / ".github").exists(), reason="an archive has no workflows"
)
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def test_a_fork_changes_the_address_in_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new address in `pyproject.toml` changes all files that have the address."""
    fork = "https://git.example/team/fork"
    address = repository()
    monkeypatch.setattr("generated.repository", lambda: fork)
    for file in (*PARTS, *FILES):
        if file != "pyproject.toml":
            assert address not in render(file), file
    plugin = "plugins/extractors/tap-tiktok-ads.yml"
    for file in ("README.md", "docs/install.md", "mkdocs.yml", plugin):
        assert fork in render(file)
    assert render("pyproject.toml").count(address) == 1


def test_no_other_file_has_the_address() -> None:
    """Only files with generated sections contain the address."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a Git checkout")
    found = subprocess.run(
        ["git", "grep", "--files-with-matches", "--fixed-strings", repository()],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert set(found.stdout.split()) <= {*PARTS, *FILES}


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_actions_are_pinned(file: Path) -> None:
    """Each action has the full hash of a commit, and its version as a comment."""
    lines = re.findall(r"(?m)^.*\buses: .*$", file.read_text("utf-8"))
    assert lines
    pinned = r"- uses: [\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+"
    assert [line for line in lines if not re.fullmatch(pinned, line.strip())] == []


def test_an_action_has_one_version() -> None:
    """All workflows use each action in the same version."""
    texts = "".join(file.read_text("utf-8") for file in WORKFLOWS)
    versions: dict[str, set[str]] = {}
    for action, version in re.findall(r"uses: ([\w./-]+)@(\S+ # \S+)", texts):
        versions.setdefault(action, set()).add(version)
    assert {action for action, found in versions.items() if len(found) > 1} == set()


def test_release_attests_the_files_that_it_publishes() -> None:
    """The files are attested before they are published, and the release has these files."""
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8")
    jobs: dict[str, t.Any] = yaml.safe_load(text)["jobs"]
    assert jobs["attest"]["needs"] == "build"
    assert jobs["publish"]["needs"] == "attest"
    assert jobs["release"]["needs"] == "publish"
    for name in ("attest", "publish", "release"):
        assert jobs[name]["steps"][0]["with"] == {"name": "dist", "path": "dist/"}
        assert "contents" not in jobs[name]["permissions"] or name == "release"


def test_guide_for_agents_names_existing_things() -> None:
    """The commands, folders and files of AGENTS.md exist."""
    text = (ROOT / "AGENTS.md").read_text("utf-8")
    targets = set(re.findall(r"(?m)^make ([a-z]+) ", text))
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert targets == {"check", "test", "docs"}
    assert all(re.search(rf"(?m)^{target}:.*##", makefile) for target in targets)
    paths = re.findall(r"`([\w/]+/|[\w/]+\.\w+)`|(tests/\w+\.py)", text)
    names = [name or other for name, other in paths]
    bases = (ROOT, ROOT / "tap_tiktok_ads")
    assert len(names) > 10
    assert [name for name in names if not any((base / name).exists() for base in bases)] == []
