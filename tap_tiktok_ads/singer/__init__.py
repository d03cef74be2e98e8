"""Singer messages, state and the base class of streams, on top of the SDK."""
