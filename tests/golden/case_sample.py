"""`sample` as the test of an endpoint."""

# ruff: noqa: PLW0108
from __future__ import annotations

import logging
import typing as t

from golden.case_commands import command
from golden.collector import case, error_cases, temporary_file
from tap_tiktok_ads.cli.sample_definition import Definition
from tap_tiktok_ads.cli.sample_hints import hint_for_nested, hints_for_saved
from tap_tiktok_ads.config.custom_streams import parse_custom_streams

if t.TYPE_CHECKING:
    from collections.abc import Callable

PIXELS = ("sample", "--url", "/pixel/list/")
NO_PIXELS: dict[str, t.Any] = {"path": "/pixel/list/", "times": None}


def curl(text: str) -> Callable[[], list[str]]:
    """Return a case: sample the request of a curl command."""
    return command("sample", "--curl", text)


def saved(content: str) -> Callable[[], list[str]]:
    """Return a case: save the sampled endpoint in a file with this content."""
    return lambda: command(*PIXELS, "--save", temporary_file(content))()


error_cases(
    "Commands",
    {
        "--url and --curl": command(*PIXELS, "--curl", "curl /pixel/list/"),
        "--path and --records-path": command(*PIXELS, "--path", "1", "--records-path", "$.a"),
        "--method without an endpoint": command("sample", "pixels", "--method", "post"),
        "--param without a value": command(*PIXELS, "--param", "page_size"),
        "--path of a built-in stream": command("sample", "pixels", "--path", "1"),
        "--path beyond the last one": command(*PIXELS, "--path", "9"),
        "an endpoint that writes": command("sample", "--url", "/ad/update/", "--method", "post"),
        "a command that is not curl": curl("wget https://example.com"),
        "a command without a URL": curl("curl -s"),
        "a command with an open quote": curl("curl 'https://example.com"),
        "a command without the value of an option": curl("curl /a/ -H"),
        "a command with an unknown option": curl("curl /a/ --user me:secret"),
        "a command with data in a file": curl("curl /a/ -d @body.json"),
        "--save of a secret": command(*PIXELS, "--param", "secret=s-1", "--save", "/absent/x.json"),
        "--save to a folder that does not exist": command(*PIXELS, "--save", "/absent/x.json"),
        "--save of a stream that is defined": saved('{"custom_streams": [{"name": "pixel_list"}]}'),
        "--save beside custom_streams of another type": saved('{"custom_streams": {}}'),
        "--save without records": command(
            *PIXELS, "--save", "/absent/x.json", faults=[("no_records", NO_PIXELS)]
        ),
    },
)


@case("Commands", "sample of a URL with an advertiser", level=logging.INFO)
def _() -> None:
    url = "/pixel/list/?advertiser_id=7420551097997170000"
    command("sample", "--url", url)()


@case("Commands", "hints after --save")
def _() -> list[str]:
    params = {"advertiser_id": "{advertiser_id}", "start_date": "2026-01-01"}
    entry = {"name": "mine", "url": "/ad/get/", "params": params, "records_path": "$.data.list[*]"}
    return list(hints_for_saved(Definition(entry, "7"), [{"advertiser_id": "7", "ad_id": "1"}]))


@case("Commands", "hint for nested records")
def _() -> list[str | None]:
    path = "$.data.pixels[*].events[*]"
    entry = {"name": "mine", "url": "/pixel/list/", "per_advertiser": False, "records_path": path}
    (definition,) = parse_custom_streams([entry])
    return [hint_for_nested(definition, {"data": {"pixels": [{"pixel_id": "1", "events": [{}]}]}})]


@case("Commands", "sample of a curl command with cookies", level=logging.INFO)
def _() -> None:
    command("sample", "--curl", "curl /pixel/list/ -b a=b")()
