"""Files of the command line: configuration, catalog and state."""

from __future__ import annotations

import io
import json
import typing as t

import pytest
from conftest import command

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.config.catalogs import selected_streams
from tap_tiktok_ads.config.files import read_catalog, read_json, read_state

if t.TYPE_CHECKING:
    from pathlib import Path

ADVERTISER = {"context": {"advertiser_id": "1"}}


def partitions_of(value: t.Any) -> dict[str, t.Any]:
    """Return a state whose stream `ads` has these partitions."""
    return {"bookmarks": {"ads": {"partitions": value}}}


class NamedText(io.StringIO):
    """An open file with a name."""

    name = "file.json"


def test_read_json_returns_the_object(tmp_path: Path) -> None:
    """The object in a file is returned."""
    file = tmp_path / "config.json"
    file.write_text('{"a": 1}')
    assert read_json(str(file), "Config file", open) == {"a": 1}


ADVICE = "Check the path and its permissions."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "",
            "Config file is not JSON: Expecting value, at line 1, column 1. Correct the file.",
        ),
        (
            '{"a": 1\n "b": 2}',
            "Config file is not JSON: Expecting ',' delimiter, at line 2, column 2. Correct",
        ),
        (
            '{"type": "SCHEMA"}\n{"type": "STATE"}\n',
            "Config file is not JSON: Extra data, at line 2, column 1. Keep one JSON object",
        ),
        ("[]", "Config file must contain a JSON object, got a list."),
        (
            "[" * 100_000,
            "Config file is nested too deeply, or has a number with too many digits.",
        ),
        (
            None,
            f"Config file cannot be read: No such file or directory. {ADVICE}",
        ),
    ],
)
def test_invalid_json_file_is_an_error(tmp_path: Path, text: str | None, message: str) -> None:
    """The error names the problem and its line."""
    file = tmp_path / "config.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_json(str(file), "Config file", open)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({}, {}),
        ({"bookmarks": {}}, {"bookmarks": {}}),
        ({"type": "STATE", "value": {"bookmarks": {}}}, {"bookmarks": {}}),
        (
            {"bookmarks": {"ads": {"partitions": [ADVERTISER]}}},
            {"bookmarks": {"ads": {"partitions": [ADVERTISER]}}},
        ),
    ],
)
def test_state_or_state_message_is_accepted(
    content: dict[str, t.Any], expected: dict[str, t.Any]
) -> None:
    """A state file holds a state or a complete STATE message."""
    assert read_state(NamedText(json.dumps(content))) == expected
    assert read_state(None) is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"campaigns": {}}, "has no member 'bookmarks'"),
        ({"type": "STATE"}, "expected 'value' of the STATE message to be an object"),
        ({"type": "STATE", "value": []}, "expected 'value' of the STATE message to be an object"),
        ({"bookmarks": []}, "expected 'bookmarks' to be an object, got a list"),
        ({"bookmarks": None}, "expected 'bookmarks' to be an object, got null"),
        ({"bookmarks": {"ads": []}}, "expected 'bookmarks.ads' to be an object, got a list"),
        ({"bookmarks": {"ads": "x"}}, "expected 'bookmarks.ads' to be an object, got 'x'"),
        (partitions_of({}), "expected 'bookmarks.ads.partitions' to be a list, got an object"),
        (partitions_of([ADVERTISER, 1]), r"'bookmarks.ads.partitions\[1\]' to be an object, got 1"),
        (partitions_of([None]), r"'bookmarks.ads.partitions\[0\]' to be an object, got null"),
        (partitions_of([{}]), r"'bookmarks.ads.partitions\[0\].context' to be an object, got null"),
        (
            partitions_of([ADVERTISER, ADVERTISER]),
            "two partitions with the context .* 'bookmarks.ads'",
        ),
        (
            partitions_of([{**ADVERTISER, "progress_markers": 1}]),
            r"'bookmarks.ads.partitions\[0\].progress_markers' to be an object, got 1",
        ),
        (
            {"bookmarks": {"ads": {"progress_markers": 1}}},
            "'bookmarks.ads.progress_markers' to be an object, got 1",
        ),
        ({"bookmarks": {"ads": {"1": "2026-01-01"}}}, "was written by singer-io's tap"),
    ],
)
def test_invalid_state_is_an_error(content: dict[str, t.Any], message: str) -> None:
    """A state that the SDK cannot read, or of another tap, is an error."""
    with pytest.raises(ConfigError, match=message):
        read_state(NamedText(json.dumps(content)))


@pytest.mark.parametrize("value", [None, 5, True, [], {}, "yesterday", "2026-99-99", "0000-00-00"])
@pytest.mark.parametrize("member", ["replication_key_value", "read_from", "covered", "listed"])
def test_bookmark_values_are_not_validated(member: str, value: t.Any) -> None:
    """A damaged bookmark is accepted here, because its advertiser may not be selected."""
    state = partitions_of([{**ADVERTISER, member: value}])
    assert read_state(NamedText(json.dumps(state))) == state


def test_selected_streams() -> None:
    """The selected streams of a catalog are returned."""
    streams = [
        {
            "tap_stream_id": name,
            "stream": name,
            "schema": {"properties": {}},
            "metadata": [{"breadcrumb": [], "metadata": {"selected": selected}}],
        }
        for name, selected in (("ads", True), ("pixels", False))
    ]
    catalog = read_catalog(NamedText(json.dumps({"streams": streams})))
    assert catalog is not None
    assert list(catalog) == ["ads", "pixels"]
    assert list(selected_streams(catalog) or ()) == ["ads"]
    assert selected_streams(read_catalog(None)) is None


@pytest.mark.parametrize("content", [{}, {"streams": {}}, {"streams": [1]}, {"streams": [{}]}])
def test_invalid_catalog_is_an_error(content: dict[str, t.Any]) -> None:
    """A file that is not a Singer catalog is an error that recommends --discover."""
    with pytest.raises(ConfigError, match=r"is not a Singer catalog: .* Write a catalog with"):
        read_catalog(NamedText(json.dumps(content)))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("kind", ["config", "catalog", "state"])
def test_encodings_of_powershell_are_read(tmp_path: Path, kind: str, encoding: str) -> None:
    """A file in UTF-8 with a byte order mark, or in UTF-16, is read."""
    simulator = {"advertisers": 1, "days": 1}
    contents = {
        "config": {"environment": "simulator", "simulator": simulator, "user_agent": "a"},
        "catalog": {"streams": []},
        "state": {"bookmarks": {}},
    }
    arguments = []
    for name, content in contents.items():
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps(content), encoding if name == kind else "utf-8")
        arguments += [f"--{name}", str(file)]
    result = command(*arguments)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("kind", ["config", "catalog", "state"])
def test_other_encodings_are_an_error(tmp_path: Path, kind: str) -> None:
    """A file in another encoding is an error that names UTF-8."""
    file = tmp_path / f"{kind}.json"
    file.write_bytes(b'{"user_agent": "\xe9"}')
    result = command(f"--{kind}", str(file))
    assert result.returncode == 1
    assert "is neither UTF-8 nor UTF-16 text. Save the file as UTF-8." in result.stderr
