"""Damaged responses: records lost with exit code 0 are zero, whatever a server sends."""
