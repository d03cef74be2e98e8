"""The HTTP server: routing, rate limits and faults."""
