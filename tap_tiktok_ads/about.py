"""The name and version of the installed distribution."""

from __future__ import annotations

import functools
from importlib import metadata

#: Name of the wheel. `tap-tiktok-ads` on the package index is another project.
DISTRIBUTION = "meltano-tap-tiktok-ads"


@functools.cache
def version() -> str:
    """Return the version of the distribution, or `unknown` if it is not installed."""
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:  # a checkout that was installed under its former name
        return "unknown"
