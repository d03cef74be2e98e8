"""A Singer tap for the TikTok Marketing API."""
