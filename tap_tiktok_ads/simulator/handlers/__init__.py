"""The responses of the endpoints."""
