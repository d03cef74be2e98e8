"""Load four shards of one TikTok app into Postgres: one mapped task per shard."""

import datetime as dt
from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

FOLDER = Path(__file__).parents[2] / "shards"
SHARDS = [f"{number}/4" for number in range(1, 5)]

with DAG(
    dag_id="tiktok_ads",
    schedule="0 5 * * *",
    start_date=dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc),
    catchup=False,
    max_active_runs=1,  # a shard never runs twice at the same time
    default_args={
        "cwd": str(FOLDER),
        "retries": 3,
        "retry_delay": dt.timedelta(minutes=1),
        "retry_exponential_backoff": True,
    },
):
    # The space at the end: Airflow would read a command that ends in .sh as the name of a template.
    tables = BashOperator(task_id="tables", bash_command="bash create_tables.sh ")
    # A retry continues from the last STATE that the target stored.
    records = BashOperator.partial(task_id="records", pool="tiktok_app").expand(
        bash_command=[f"python3 load_shard.py {shard}" for shard in SHARDS]
    )
    tables >> records
