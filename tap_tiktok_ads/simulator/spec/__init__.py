"""The endpoints and their parameters, as TikTok documents them."""
