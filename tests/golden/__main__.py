"""Rewrite the golden file: `cd tests && PYTHONPATH=. ../.venv/bin/python -m golden`."""

from golden import cases
from golden.collector import GOLDEN_FILE, collect, render

assert cases
GOLDEN_FILE.write_text(render(collect()), "utf-8")
