"""Tests of the embedded simulator; a package, so that its conftest does not hide the tests' own."""
