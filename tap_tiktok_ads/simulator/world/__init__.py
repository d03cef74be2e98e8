"""The simulated TikTok: its accounts, the passing of time, and the expected record counts."""
