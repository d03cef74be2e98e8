"""An embedded simulator of TikTok's Marketing API v1.3 for demos, tests and benchmarks."""

from __future__ import annotations

from .handlers.api import AUTH_CODE
from .handlers.authorization import ACCESS_TOKEN, APP_ID, APP_SECRET
from .http.server import Simulator
from .world.world import World

__all__ = ["ACCESS_TOKEN", "APP_ID", "APP_SECRET", "AUTH_CODE", "Simulator", "World"]
