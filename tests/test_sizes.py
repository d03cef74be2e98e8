"""Maximum sizes of files, classes and functions, without exceptions."""

from __future__ import annotations

import ast
import typing as t
from pathlib import Path

import pytest
from radon.complexity import cc_visit

if t.TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "tap_tiktok_ads").rglob("*.py"))
MAX_FILE_LINES = 400
MAX_CLASS_LINES = 300
MAX_CLASS_METHODS = 25
MAX_FUNCTION_LINES = 40
MAX_COMPLEXITY = 10
MAX_STREAM_LINES = 10
#: Modules whose classes are streams of the catalog.
STREAM_MODULES = sorted((ROOT / "tap_tiktok_ads" / "streams").rglob("*.py"))
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def line_count(node: t.Any) -> int:
    """Return the number of lines of a class or function, docstring included."""
    return int(node.end_lineno - node.lineno + 1)


def size_violations(file: Path) -> Iterator[str]:
    """Yield each class and function of a file that is too large."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ClassDef):
            methods = sum(isinstance(member, FUNCTIONS) for member in node.body)
            if line_count(node) > MAX_CLASS_LINES or methods > MAX_CLASS_METHODS:
                yield f"class {node.name}: {line_count(node)} lines, {methods} methods"
        if isinstance(node, FUNCTIONS) and line_count(node) > MAX_FUNCTION_LINES:
            yield f"function {node.name}: {line_count(node)} lines"


def complex_functions(text: str) -> Iterator[str]:
    """Yield each function, method or inner function of a text that has too many branches."""
    for block in cc_visit(text):
        functions = [] if hasattr(block, "methods") else [block, *block.closures]
        for function in functions:
            if function.complexity > MAX_COMPLEXITY:
                yield f"function {function.fullname}: complexity {function.complexity}"


def code_lines(node: ast.ClassDef) -> int:
    """Return the number of lines of a class body, without its docstring and blank lines."""
    has_docstring = ast.get_docstring(node) is not None
    body = node.body[1:] if has_docstring else node.body
    return sum(line_count(member) for member in body)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_files_classes_and_functions_are_small(file: Path) -> None:
    """Files, classes and functions are small, and functions have few branches."""
    text = file.read_text("utf-8")
    assert len(text.splitlines()) <= MAX_FILE_LINES
    assert list(size_violations(file)) == []
    assert list(complex_functions(text)) == []


def test_stream_classes_are_short() -> None:
    """The class of a built-in stream has at most ten lines."""
    too_long = {}
    for file in STREAM_MODULES:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.ClassDef):
                continue
            assigned = {
                target.id
                for member in node.body
                if isinstance(member, ast.Assign)
                for target in member.targets
                if isinstance(target, ast.Name)
            }
            if assigned & {"name", "definition"} and code_lines(node) > MAX_STREAM_LINES:
                too_long[node.name] = code_lines(node)
    assert too_long == {}


def test_modules_do_not_import_the_top_level() -> None:
    """Modules import from modules, and leave the package's exports to its users."""
    importing = [
        str(file)
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "tap_tiktok_ads"
    ]
    assert importing == []
