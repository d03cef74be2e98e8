"""Requests of complete runs, judged by a table of the rules that TikTok states."""
