"""The TikTok Marketing API: requests, budget, errors, pages and report tasks."""
