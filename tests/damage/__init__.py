"""Tests that damaged responses never lose records with exit code 0."""
