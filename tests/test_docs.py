"""The documentation is current: generated content, examples, links and messages."""

from __future__ import annotations

import json
import math
import os
import re
import runpy
import subprocess
import sys
import typing as t
from pathlib import Path

import generated_docs as docs
import page_outputs
import pytest
import yaml
from conftest import catalog_of, config_for, run
from generated import FILES, PARTS, ROOT, render
from pages import PAGES, blocks_of, script_of

from tap_tiktok_ads.api.metric_catalog import SCHEMAS_FOLDER
from tap_tiktok_ads.config import custom_reports as report_definitions
from tap_tiktok_ads.config import custom_streams as definitions
from tap_tiktok_ads.config.schema import SETTINGS_SCHEMA
from tap_tiktok_ads.config.settings import normalize
from tap_tiktok_ads.config.validation import validate
from tap_tiktok_ads.streams import STREAMS, StreamEntry
from tap_tiktok_ads.streams.gmv_max import GmvMaxReportStream
from tap_tiktok_ads.streams.reports.business_centers import BcReportStream
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from tap_tiktok_ads.simulator import Simulator


@pytest.mark.parametrize("file", [*PARTS, *FILES])
def test_generated_parts_are_current(file: str) -> None:
    """Generated tables and settings equal the code. `python tests/generated.py` rewrites them."""
    assert (ROOT / file).read_text("utf-8") == render(file)


def test_meltano_lists_the_capabilities() -> None:
    """The capabilities in meltano.yml are the capabilities of the tap."""
    project = yaml.safe_load((ROOT / "meltano.yml").read_text("utf-8"))
    extractor = project["plugins"]["extractors"][0]
    assert set(extractor["capabilities"]) == {
        capability.value for capability in TapTikTokAds.capabilities
    }


def test_sample_config_is_valid() -> None:
    """The sample configuration is valid."""
    config = json.loads((ROOT / "sample_config.json").read_text("utf-8"))
    assert validate(config, TapTikTokAds.known_settings()).simulated


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_streams_and_columns_have_descriptions(stream: StreamEntry) -> None:
    """Each stream and each column has a description in the catalog."""
    (entry,) = catalog_of({}, [stream.name], alone=True)["streams"]
    assert len(entry["schema"]["description"]) > 20
    assert all(column.get("description") for column in entry["schema"]["properties"].values())


def test_schema_files_match_streams() -> None:
    """Every stream has a schema file, and every schema file has a stream."""
    names = {
        stream.name
        for stream in STREAMS
        if stream.report is None
        and not issubclass(stream.stream_class, (GmvMaxReportStream, BcReportStream))
    }
    files = {Path(file).stem for file in SCHEMAS_FOLDER.glob("*.json")}
    assert files == names | {"metrics", "gmv_max_columns", "gmv_max_metrics"}


def blocks(page: Path, language: str) -> list[str]:
    """Return the code blocks of a page in a language."""
    return re.findall(rf"(?s)```{language}\n(.*?)```", page.read_text("utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_json_examples_are_valid(page: Path, tmp_path: Path) -> None:
    """The settings and states on a page are valid."""
    for block in blocks(page, "json"):
        content = json.loads(block)
        if "bookmarks" in content:
            (tmp_path / "state.json").write_text(block)
            with (tmp_path / "state.json").open(encoding="utf-8") as file:
                TapTikTokAds.from_input(None, state=file, validate_config=False)
        else:
            validate(normalize(content), TapTikTokAds.known_settings(), credentials=False)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_blocks_run_or_have_a_reason(page: Path) -> None:
    """`make integration` runs each block of commands, or its mark has a reason.

    A block that changes the machine outside its folder must not run.
    """
    found = [*blocks_of(page)]
    assert 2 * len(found) == len(re.findall(r"(?m)^ *```", page.read_text("utf-8")))
    assert all(len(block.reason.split()) > 3 for block in found if block.reason is not None)
    assert not re.search(r"\b(crontab|kubectl|sudo|systemctl|apt-get)\b", script_of(page))


def commands_of(page: Path) -> list[str]:
    """Return the commands of a page that need neither a network nor input."""
    lines = "\n".join(blocks(page, "sh")).replace("\\\n", " ").splitlines()
    # an address such as https://host/tap-tiktok-ads in another command is no command of the tap
    tap_lines = [line for line in lines if re.match(r"(\S+/)?tap-tiktok-ads ", line)]
    excluded = r"authorize|simulator|bashrc|target-duckdb|target-postgres"
    return [line for line in tap_lines if not re.search(excluded, line)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_command_examples_succeed(page: Path, tmp_path: Path) -> None:
    """Each command of the tap on a page succeeds as it is written."""
    config = {"environment": "simulator", "start_date": "{now}", "simulator": {"advertisers": 1}}
    for name in ("config.json", "c.json"):
        (tmp_path / name).write_text(json.dumps(config))
    for name in ("token.json", "state.json", "jsonl.json"):
        (tmp_path / name).write_text("{}")
    (tmp_path / "old.json").write_text('{"bookmarks": {}}')
    (tmp_path / "scratch.json").write_text(next(iter(blocks(page, "json")), "{}"))
    folders = [str(Path(sys.executable).parent), str(ROOT / ".venv-target" / "bin")]
    environment = {
        **os.environ,
        "PATH": ":".join([*folders, os.environ["PATH"]]),
        "TAP_TIKTOK_ADS_ENVIRONMENT": "simulator",
        "TAP_TIKTOK_ADS_START_DATE": "{now}",
    }
    for line in commands_of(page):
        command = re.sub(r"\S*/(tap-tiktok-ads|target-jsonl) ", r"\1 ", line)
        result = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {command}"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, (line, result.stderr[-2000:])


@pytest.mark.parametrize("page", page_outputs.pages_with_outputs(), ids=lambda page: page.name)
def test_outputs_are_current(page: Path) -> None:
    """The outputs on a page equal those of its commands. `page_outputs.py` rewrites them."""
    assert page.read_text("utf-8") == page_outputs.render(page)


def test_readme_is_short() -> None:
    """The README has at most 120 lines, and its quick start at most 15 lines with the output."""
    text = (ROOT / "README.md").read_text("utf-8")
    assert text.count("\n") <= 120
    quick_start = text.partition("## Quick start\n")[2].partition("\n## ")[0]
    code = re.findall(r"(?s)```\w+\n(.*?)```", quick_start)
    assert sum(block.count("\n") for block in code) <= 15


def test_families_have_each_stream_once() -> None:
    """Each stream belongs to one family of docs/streams.md."""
    names = [entry.name for *_, pattern in docs.FAMILIES for entry in docs.members(pattern)]
    assert sorted(names) == sorted(entry.name for entry in STREAMS)


def test_settings_have_a_need() -> None:
    """Each setting belongs to one group of docs/settings.md."""
    names = " ".join(docs.NEEDS.values()).split()
    assert len(names) == len(set(names))
    assert SETTINGS_SCHEMA["properties"].keys() <= set(names)


def test_site_has_each_page_once() -> None:
    """The navigation of the site names each page once."""
    (nav,) = re.findall(r"(?ms)^nav:\n(.*)", (ROOT / "mkdocs.yml").read_text("utf-8"))
    listed = re.findall(r"[\w-]+\.md", nav)
    assert sorted(listed) == sorted(page.name for page in (ROOT / "docs").glob("*.md"))


def test_start_page_has_each_page() -> None:
    """The start page, and so `llms.txt`, has a question for each page."""
    text = (ROOT / "docs" / "index.md").read_text("utf-8")
    listed = re.findall(r"(?m)^\| .+\? \| \[.+\]\(([\w-]+\.md)\) \|$", text)
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"index.md"}
    assert sorted(listed) == sorted(pages)


def test_troubleshooting_quotes_current_messages() -> None:
    """Every symptom on the page is a message of the code."""
    sources = sorted((ROOT / "tap_tiktok_ads").rglob("*.py"))
    code = "".join(source.read_text("utf-8") for source in sources)
    code = re.sub(r'"\s+f?"', "", code)  # texts that continue on the next line
    page = (ROOT / "docs" / "errors.md").read_text("utf-8")
    symptoms = re.findall(r"(?m)^\* \*\*`([^`]+)`", page)
    fragments = [fragment for symptom in symptoms for fragment in symptom.split(" ... ")]
    assert len(fragments) > 8
    assert [fragment for fragment in fragments if fragment not in code] == []


def test_cells_of_the_site_name_their_column() -> None:
    """Each cell names its column, because phones show a row as a block of cells."""
    hooks = runpy.run_path(str(ROOT / "scripts" / "site_hooks.py"))
    head = "<table><thead><tr><th>name</th><th><code>a</code> or b</th></tr></thead>"
    rows = "<tr><td>1</td><td></td></tr><tr><td>2</td><td>3</td></tr></table>"
    labels = re.findall(r'<td data-label="(.*?)">', hooks["on_page_content"](html=head + rows))
    assert labels == ["name", "a or b"] * 2


def test_guide_names_existing_files() -> None:
    """Every module, folder and schema that CONTRIBUTING.md names exists."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    names = re.findall(r"`((?:[a-z_]+/)*(?:[a-z_]+/|[a-z_]+\.(?:py|json)))`", text)
    folders = (ROOT, ROOT / "tap_tiktok_ads", ROOT / "tap_tiktok_ads" / "simulator")
    unknown = [name for name in names if not any((base / name).exists() for base in folders)]
    assert len(names) > 50
    assert not unknown


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_have_targets(page: Path) -> None:
    """The files and headings that a page links to exist."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if target.startswith("http"):
            continue
        file, _, heading = target.partition("#")
        linked = (page.parent / file) if file else page
        assert linked.exists(), target
        if heading:
            text = linked.read_text("utf-8")
            titles = re.findall(r"(?m)^#+ (.*)$", text)
            slugs = {
                re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles
            }
            assert heading in slugs, target


@pytest.mark.parametrize("setting", ["custom_streams", "custom_reports"])
def test_custom_definitions_return_records(sim: Simulator, setting: str) -> None:
    """Every custom stream and report on a page returns records."""
    entries = {
        entry["name"]: entry
        for page in PAGES
        for block in blocks(page, "json")
        for entry in json.loads(block).get(setting, ())
    }
    messages = run(config_for(sim, **{setting: [*entries.values()]}), set(entries))
    assert set(messages.records) == set(entries)


@pytest.mark.parametrize(
    "schema",
    [definitions.STREAM_ENTRY_SCHEMA, report_definitions.REPORT_ENTRY_SCHEMA],
    ids=["custom_streams", "custom_reports"],
)
def test_every_definition_key_is_documented(schema: dict[str, t.Any]) -> None:
    """Every key of a definition is in the tables of docs/custom.md."""
    text = (ROOT / "docs" / "custom.md").read_text("utf-8")
    documented = {
        name for cell in re.findall(r"(?m)^\| (`.*?) \|", text) for name in cell.split("`")
    }
    assert schema["properties"].keys() <= documented


def test_numbers_of_processes_follow_from_the_benchmarks() -> None:
    """The speeds of docs/scaling.md are those of the benchmarks, and its numbers follow."""
    page = (ROOT / "docs" / "scaling.md").read_text("utf-8")
    rates = [int(rate) for rate in re.findall(r"(\d+)/s \|", page.partition("|---")[0])]
    assert rates == [10, 20, 30, 50]
    rows = re.findall(r"(?m)^\| .* \| (\d+,\d{3}) \| (.*) \|$", page)
    assert len(rows) == 5
    measured = (ROOT / "benchmarks" / "README.md").read_text("utf-8")
    for speed, counts in rows:
        assert f"| {speed} |" in measured
        seconds = 1000 / int(speed.replace(",", ""))
        assert counts.split(" | ") == [str(math.ceil(rate * seconds)) for rate in rates]


def test_no_line_of_a_paragraph_looks_like_a_list_item() -> None:
    """A number that begins a line is no item of a list, unless the line before ends a sentence."""
    number = re.compile(r"(?m)^(?! *\d+\. )(?P<before> *[^\s`|#-].*[^.:\n])\n *\d+\. .*$")
    for page in PAGES:
        text = re.sub(r"(?ms)^ *```.*?^ *```", "", page.read_text("utf-8"))
        assert number.findall(text) == [], page.name
