#!/usr/bin/env bash
# Create the tables of all streams in Postgres. Shards that start together would each create them, and fail.
set -euo pipefail
tap-tiktok-ads --config ENV --test=schema | target-postgres --config ENV
