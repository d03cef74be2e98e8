"""The lower limit: fetch, decode and encode one RECORD line per record, without types or state."""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

import msgspec
import queries
import requests


def main(config_file: str) -> None:
    """Write the records of both streams in the order of the responses."""
    config = json.loads(Path(config_file).read_bytes())
    session = requests.Session()
    session.headers["Access-Token"] = config["access_token"]
    session.trust_env = False
    write = sys.stdout.buffer.write
    encode = msgspec.json.Encoder().encode
    decode = msgspec.json.Decoder().decode

    def copy(stream: str, path: str, params: dict[str, t.Any]) -> None:
        page = last_page = 1
        while page <= last_page:
            page_params = params | {"page": page, "page_size": queries.PAGE_SIZE}
            response = session.get(config["api_url"] + path, params=page_params, timeout=60)
            data = decode(response.content)["data"]
            for record in data["list"]:
                write(encode({"type": "RECORD", "stream": stream, "record": record}))
                write(b"\n")
            last_page = data["page_info"]["total_page"]
            page += 1

    for advertiser_id in config["advertiser_ids"]:
        advertiser = {"advertiser_id": advertiser_id}
        copy(queries.ADS, "/ad/get/", advertiser | queries.ads())
        for window in queries.windows(config):
            copy(queries.REPORT, "/report/integrated/get/", advertiser | window | queries.report())


if __name__ == "__main__":
    main(sys.argv[1])
