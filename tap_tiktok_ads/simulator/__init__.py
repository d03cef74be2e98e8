"""An embedded stand-in of TikTok's Marketing API v1.3 for demos, tests and benchmarks."""

from __future__ import annotations

from .api import AUTH_CODE
from .endpoints import ACCESS_TOKEN, APP_ID, APP_SECRET
from .server import Simulator
from .world import World

__all__ = ["ACCESS_TOKEN", "APP_ID", "APP_SECRET", "AUTH_CODE", "Simulator", "World"]
