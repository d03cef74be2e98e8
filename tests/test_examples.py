"""The examples in the docstrings of the package run."""

from __future__ import annotations

import doctest
import importlib
import typing as t

import language
import pytest

if t.TYPE_CHECKING:
    from pathlib import Path

#: The module of each object that users and maintainers meet most often, with the object.
OBJECTS_WITH_EXAMPLE = [
    ("tap_tiktok_ads.python_api", "TikTokAds"),
    ("tap_tiktok_ads.api.client", "Client"),
    ("tap_tiktok_ads.api.rate_limits", "RateLimiter"),
    ("tap_tiktok_ads.api.masking", "SecretMask"),
    ("tap_tiktok_ads.api.report_rules", "ReportDefinition"),
    ("tap_tiktok_ads.extract.day_ranges", "DayRanges"),
]


def module_name(file: Path) -> str:
    """Return the name of the module in a file of the package."""
    names = file.relative_to(language.ROOT).with_suffix("").parts
    return ".".join(names[:-1] if names[-1] == "__init__" else names)


MODULES = [
    module_name(file)
    for file in language.PACKAGE_FILES
    if ">>> " in file.read_text("utf-8") and file.stem != "__main__"
]


@pytest.mark.parametrize("module", MODULES)
def test_examples_of_module_run(module: str) -> None:
    """Every example in a module's docstrings returns the value that it shows."""
    result = doctest.testmod(importlib.import_module(module))
    assert result.attempted
    assert not result.failed


@pytest.mark.parametrize(("module", "name"), OBJECTS_WITH_EXAMPLE)
def test_frequently_used_object_shows_an_example(module: str, name: str) -> None:
    """The class or function shows an example of its use in its docstring."""
    target = getattr(importlib.import_module(module), name)
    finder = doctest.DocTestFinder(recurse=False)
    assert any(test.examples for test in finder.find(target, name))
