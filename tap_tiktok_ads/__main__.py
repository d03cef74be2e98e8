"""`python -m tap_tiktok_ads`."""

from tap_tiktok_ads.cli import main

if __name__ == "__main__":
    main()
