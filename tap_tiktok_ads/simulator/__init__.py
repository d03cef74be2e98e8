"""An embedded stand-in of TikTok's Marketing API v1.3 for demos, tests and benchmarks."""

from __future__ import annotations

from .endpoints import APP_ID, APP_SECRET
from .server import ACCESS_TOKEN, Simulator
from .world import World

__all__ = ["ACCESS_TOKEN", "APP_ID", "APP_SECRET", "Simulator", "World"]
