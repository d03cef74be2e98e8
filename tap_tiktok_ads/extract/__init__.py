"""The extraction engine: from a plan of requests to verified pages of typed records."""
