"""Load four shards of one TikTok app into Postgres: one partition and one run per shard."""

import sys
from pathlib import Path

import dagster as dg

FOLDER = Path(__file__).parents[1] / "shards"
SHARDS = dg.StaticPartitionsDefinition([f"{number}/4" for number in range(1, 5)])
DAILY = dg.AutomationCondition.on_cron("0 5 * * *")
RETRIES = dg.RetryPolicy(max_retries=3, delay=60, backoff=dg.Backoff.EXPONENTIAL)


@dg.asset(automation_condition=DAILY, retry_policy=RETRIES)
def tables(
    context: dg.AssetExecutionContext, pipes: dg.PipesSubprocessClient
) -> dg.MaterializeResult:
    """Create the tables of all streams before the shards start."""
    command = ["bash", str(FOLDER / "create_tables.sh")]
    pipes.run(command=command, context=context)
    return dg.MaterializeResult()


@dg.asset(
    partitions_def=SHARDS,
    deps=[tables],
    pool="tiktok_app",
    automation_condition=DAILY,
    retry_policy=RETRIES,
)
def records(
    context: dg.AssetExecutionContext, pipes: dg.PipesSubprocessClient
) -> dg.MaterializeResult:
    """Load the records of a shard. A retry continues from the last STATE that the target stored."""
    command = [sys.executable, str(FOLDER / "load_shard.py"), context.partition_key]
    pipes.run(command=command, context=context)
    return dg.MaterializeResult()


defs = dg.Definitions(
    assets=[tables, records],
    resources={"pipes": dg.PipesSubprocessClient()},
)
