"""`state merge` and `state split`: files, their forms, and the errors."""

from __future__ import annotations

import json
import typing as t

import pytest
from conftest import command

if t.TYPE_CHECKING:
    from pathlib import Path

State = dict[str, t.Any]

STATE: State = {
    "bookmarks": {
        "ads": {"partitions": [{"context": {"advertiser_id": name}} for name in ("7001", "7002")]},
        "mine": {"replication_key": "id", "replication_key_value": 5},
    }
}
#: Documents that hold the state.
FORMS: dict[str, t.Callable[[State], State]] = {
    "state": lambda state: state,
    "message": lambda state: {"type": "STATE", "value": state},
    "meltano state get": lambda state: {"singer_state": state},
    "state backend": lambda state: {"completed": {"singer_state": state}, "partial": {}},
}


def write(folder: Path, **documents: t.Any) -> None:
    """Write JSON files into a folder."""
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document))


def read(folder: Path, name: str) -> t.Any:
    """Return the content of a JSON file."""
    return json.loads((folder / f"{name}.json").read_text())


@pytest.mark.parametrize("form", FORMS)
def test_new_files_have_the_form_of_the_old_file(form: str, tmp_path: Path) -> None:
    """The commands read a state, a STATE message and Meltano's documents, and write their form."""
    write(tmp_path, all=FORMS[form](STATE))
    result = command(
        "state", "split", "all.json", "3", "--output", "shard{shard}.json", cwd=tmp_path
    )
    assert result.returncode == 0, result.stderr
    files = [f"shard{number}" for number in (1, 2, 3)]
    parts = [read(tmp_path, name) for name in files]
    assert [set(part) for part in parts] == [set(FORMS[form](STATE))] * 3
    names = [f"{name}.json" for name in files]
    result = command("state", "merge", *reversed(names), "--output", "new.json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert read(tmp_path, "new") == FORMS[form](STATE)


@pytest.mark.parametrize("empty", [{}, {"bookmarks": {}}, {"singer_state": {}}])
def test_empty_states_are_merged(empty: State, tmp_path: Path) -> None:
    """The state of a shard before its first run adds nothing. The result can go to stdout."""
    write(tmp_path, a=STATE, b=empty)
    result = command("state", "merge", "a.json", "b.json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == STATE


def test_merge_of_different_bookmarks_writes_nothing(tmp_path: Path) -> None:
    """The error names streams, advertisers and files."""
    other = {"context": {"advertiser_id": "7001"}, "covered": []}
    write(tmp_path, a=STATE, b={"bookmarks": {"ads": {"partitions": [other]}}})
    result = command("state", "merge", "a.json", "b.json", "--output", "c.json", cwd=tmp_path)
    assert result.returncode == 1
    assert "different bookmarks of ads, advertiser 7001 (a.json and b.json)." in result.stderr
    assert not (tmp_path / "c.json").exists()


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({"campaigns": {}}, "is not a state of this tap"),
        ({"bookmarks": {"ads": []}}, "is damaged: expected 'bookmarks.ads' to be an object"),
        ({"bookmarks": {"ads": {"1": "2026-01-01"}}}, "tap-tiktok-ads state convert a.json"),
        (
            {"completed": {"singer_state": STATE}, "partial": {"singer_state": STATE}},
            "holds a partial state, which Meltano merges",
        ),
    ],
)
@pytest.mark.parametrize("arguments", ["merge a.json", "split a.json 2 --output b{shard}.json"])
def test_file_without_a_state_is_an_error(
    document: State, text: str, arguments: str, tmp_path: Path
) -> None:
    """A file that holds no complete state of this tap is an error that names the next step."""
    write(tmp_path, a=document)
    result = command("state", *arguments.split(), cwd=tmp_path)
    assert result.returncode == 1
    assert text in result.stderr


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ("split a.json 0 --output b{shard}.json", "0 is not in the range"),
        ("split a.json 2 --output b.json", "expected {shard} in the name"),
        ("split a.json 2", "Missing option '--output'"),
        ("merge", "Missing argument 'STATES...'"),
    ],
)
def test_wrong_arguments_are_usage_errors(arguments: str, text: str, tmp_path: Path) -> None:
    """A missing or wrong argument is a usage error."""
    write(tmp_path, a=STATE)
    result = command("state", *arguments.split(), cwd=tmp_path)
    assert result.returncode == 2
    assert text in result.stderr


def test_removed_command_names_its_replacement(tmp_path: Path) -> None:
    """`convert-state` is an error that names `state convert`."""
    result = command("convert-state", "old.json", "--reset", "ads", cwd=tmp_path)
    assert result.returncode == 2
    assert "Use `tap-tiktok-ads state convert` instead." in result.stderr
