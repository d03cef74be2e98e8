"""Tests that check the requests of complete runs against TikTok's documented rules."""
