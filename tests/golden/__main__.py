"""Rewrite the golden files: `cd tests && PYTHONPATH=. ../.venv/bin/python -m golden`."""

from golden import cases
from golden.collector import GOLDEN_FILE, collect, render
from golden.templates import UNCOVERED_FILE, uncovered

assert cases
collected = collect()
GOLDEN_FILE.write_text(render(collected), "utf-8")
UNCOVERED_FILE.write_text(uncovered(collected), "utf-8")
