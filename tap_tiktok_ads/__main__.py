"""The entry point of `tap-tiktok-ads` and of `python -m tap_tiktok_ads`."""

from __future__ import annotations

import typing as t

from tap_tiktok_ads.allocator import limit_unused_memory
from tap_tiktok_ads.termination import termination


def main() -> t.NoReturn:
    """Run the executable. Its imports take a second, so signals are handled before them."""
    termination.install()
    limit_unused_memory()
    from tap_tiktok_ads.cli import main as execute  # noqa: PLC0415 - after the signal handlers

    execute()


if __name__ == "__main__":
    main()
