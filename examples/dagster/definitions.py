"""Load four shards of one TikTok app into Postgres: one partition and one run per shard."""

import subprocess
import sys
from pathlib import Path

import dagster as dg

FOLDER = Path(__file__).parents[1] / "shards"
SHARDS = dg.StaticPartitionsDefinition([f"{number}/4" for number in range(1, 5)])
DAILY = dg.AutomationCondition.on_cron("0 5 * * *")
RETRIES = dg.RetryPolicy(max_retries=3, delay=60, backoff=dg.Backoff.EXPONENTIAL)


def run(*command: str) -> None:
    """Run a command. "Terminate" of Dagster ends it with SIGTERM.

    Raises:
        dagster.Failure: The command failed. Dagster retries the step.
    """
    with subprocess.Popen(command, cwd=FOLDER) as process:
        try:
            code = process.wait()
        except BaseException:
            process.terminate()
            raise
    if code:
        msg = f"{command[1]} ended with exit code {code}."
        raise dg.Failure(msg)


@dg.asset(automation_condition=DAILY, retry_policy=RETRIES)
def tables() -> None:
    """Create the tables of all streams before the shards start."""
    run("bash", "create_tables.sh")


@dg.asset(
    partitions_def=SHARDS,
    deps=[tables],
    pool="tiktok_app",
    automation_condition=DAILY,
    retry_policy=RETRIES,
)
def records(context: dg.AssetExecutionContext) -> None:
    """Load the records of a shard. A retry continues from the last STATE that the target stored."""
    run(sys.executable, "load_shard.py", context.partition_key)


defs = dg.Definitions(assets=[tables, records])
