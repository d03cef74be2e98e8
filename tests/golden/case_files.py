"""Files of tasks: leads, the change log and custom streams with `download`."""

from __future__ import annotations

import typing as t

from golden.case_network import report_file
from golden.case_settings import setting
from golden.collector import error_cases
from tap_tiktok_ads.api.advertisers import Advertiser
from tap_tiktok_ads.api.csv_files import CsvFile
from tap_tiktok_ads.api.messages import Request, Response
from tap_tiktok_ads.extract.pages import Task
from tap_tiktok_ads.streams.change_log import change_log_csv
from tap_tiktok_ads.streams.file_parts import FilePart
from tap_tiktok_ads.streams.leads import FormFieldSource, leads_in

OWNER = {"advertiser_id": "{advertiser_id}"}
TASK = {**OWNER, "task_id": "{task_id}"}
DOWNLOAD: dict[str, t.Any] = {
    "create": {"url": "/page/lead/task/", "method": "POST", "body": OWNER},
    "check": {"url": "/changelog/task/check/", "params": TASK},
    "result": {"url": "/changelog/task/download/", "params": TASK},
}
FORM = Request("/page/field/get/", {"advertiser_id": "7"})


def _leads_without_ids() -> None:
    file = CsvFile("/page/lead/task/download/ for advertiser 7")
    file.file.write(b"a,b\n1,2\n")
    file.index()
    list(leads_in(FilePart(FORM, Advertiser("7", "UTC"), file=file, number=0)))


error_cases(
    "Report tasks",
    {
        "a ZIP file without a file": report_file(b"PK\x05\x06" + bytes(18)),
        "leads without IDs": _leads_without_ids,
        "a change log without columns": lambda: change_log_csv(Response({"changelog": "a"}, "r1")),
        "a form without fields": lambda: FormFieldSource("lead_form_fields").check(
            Task(FORM), Response({}, "r1")
        ),
    },
)
error_cases(
    "Custom streams",
    {
        "a download with a key of lists": setting(
            custom_streams=[{"name": "mine", "page_size": 1, "download": DOWNLOAD}]
        ),
        "a download without the ID of the task": setting(
            custom_streams=[
                {
                    "name": "mine",
                    "download": {**DOWNLOAD, "check": {"url": "/x/check/", "params": OWNER}},
                }
            ]
        ),
    },
)
