"""The JSON records of objects, in TikTok's raw dialect."""
