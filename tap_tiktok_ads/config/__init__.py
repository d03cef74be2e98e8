"""Settings, and the streams and reports that users define in them."""
