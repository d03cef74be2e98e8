"""Modules of the lower layers load without the layers above them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "tap_tiktok_ads"
MODULES = sorted(
    f"tap_tiktok_ads.{layer}.{file.stem}"
    for layer in ("api", "extract")
    for file in (PACKAGE / layer).glob("*.py")
    if file.stem != "__init__"
)


@pytest.mark.parametrize("module", MODULES)
def test_module_loads_without_singer_sdk(module: str) -> None:
    """A module of `api` or `extract` does not import singer_sdk."""
    code = f"import sys, {module}; sys.exit('singer_sdk' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PACKAGE.parent)
