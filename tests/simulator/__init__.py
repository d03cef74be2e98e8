"""Tests of the embedded simulator. As a package, it keeps `tests/conftest.py` importable."""
