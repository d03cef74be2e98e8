"""The JSON records of objects, as TikTok returns them."""
