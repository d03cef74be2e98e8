"""Leads of instant forms, and the fields of the forms.

Tasks of leads: TikTok's pages 1739052936772610 and 1739053563877378.
"""

from __future__ import annotations

import re
import typing as t

from typing_extensions import override

from tap_tiktok_ads.api.errors import ResponseError
from tap_tiktok_ads.api.file_tasks import FileTask
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.config.lookups import Lookup
from tap_tiktok_ads.extract.source import damaged
from tap_tiktok_ads.streams.dependent import (
    DependentStream,
    LookupTask,
    RejectableSource,
    SourceColumn,
)
from tap_tiktok_ads.streams.file_parts import FilePart, FileStream

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.errors import ApiError
    from tap_tiktok_ads.api.messages import Response
    from tap_tiktok_ads.extract.dates import Window
    from tap_tiktok_ads.extract.pages import Record, Task
    from tap_tiktok_ads.streams.dependent import Values

LEAD_TASK_PATH, LEAD_FILE_PATH = "/page/lead/task/", "/page/lead/task/download/"
#: Header that selects where TikTok stores leads: in Europe, in the US, or elsewhere without it.
REGION_HEADER = "x-lead-region"
ELSEWHERE = "other"
LEAD_REGIONS = (ELSEWHERE, "eu", "us")
REGION_MACRO = "requested.lead_region"
#: Columns of the file that describe a lead. All other columns are questions of the form.
LEAD_COLUMNS = frozenset(
    {
        *("lead_id", "created_time", "form_id", "form_name", "ad_id", "ad_name"),
        *("adgroup_id", "adgroup_name", "campaign_id", "campaign_name"),
    }
)
#: The time zone at the end of a time, as in `2026-04-09 10:20:35(UTC+00:00)`.
_ZONE = re.compile(r"\s*\(UTC([+-]\d\d:\d\d)\)$")
LEAD_FORMS = SourceColumn(
    "instant_pages.page_id", parameter="page_id", where={"business_type": "LEAD_GEN"}
)


class LeadSource(RejectableSource):
    """Leads of one form and region. Admins of an ad account can lack access to a region."""

    @override
    def concerns_scope(self, task: Task, error: ApiError) -> bool:
        return _region_of(task) == ELSEWHERE and super().concerns_scope(task, error)


def _region_of(task: Task) -> str:
    """Return the region of a task, or the region without a header."""
    values = task.values if isinstance(task, LookupTask) else {}
    return str(values.get(REGION_MACRO, ELSEWHERE))


def leads_in(task: FilePart) -> Iterator[Record]:
    """Yield the leads of a part of a file.

    Raises:
        ResponseError: The file has no column for the IDs of leads.
    """
    positions = _positions(task)
    questions = [
        (position, label)
        for position, label in enumerate(task.file.columns)
        if position not in positions.values()
    ]
    for row in task.file.read_rows(task.number):
        lead: Record = {name: row[position] for name, position in positions.items()}
        lead["created_time"] = _ZONE.sub(r"\1", lead.get("created_time") or "") or None
        lead["lead_data"] = [
            {"field": label, "value": row[position]} for position, label in questions
        ]
        yield lead


def _positions(task: FilePart) -> dict[str, int]:
    """Return the positions of the columns that describe a lead.

    Raises:
        ResponseError: The file has no column for the IDs of leads.
    """
    columns = [column.strip().replace(" ", "_").lower() for column in task.file.columns]
    if "lead_id" not in columns:
        owner = task.advertiser.id if task.advertiser else ""
        msg = (
            f"{LEAD_FILE_PATH} for advertiser {owner} returned a file without the column lead_id. "
            "Run again later."
        )
        raise ResponseError(msg)
    return {name: columns.index(name) for name in LEAD_COLUMNS if name in columns}


class LeadStream(DependentStream, FileStream):
    """Leads of each instant form and region."""

    path = LEAD_TASK_PATH
    task_paths = (LEAD_TASK_PATH, LEAD_TASK_PATH, LEAD_FILE_PATH)
    source_class = LeadSource
    source_column = LEAD_FORMS
    literal_lookups = (
        Lookup(
            "requested",
            ("lead_region",),
            values=tuple({"lead_region": region} for region in LEAD_REGIONS),
        ),
    )

    @override
    def request(
        self, advertiser: Advertiser | None, window: Window | None, values: Values
    ) -> Request:
        body = dict(super().request(advertiser, window, values).params)
        region = values[REGION_MACRO]
        headers = {} if region == ELSEWHERE else {REGION_HEADER: region}
        return Request(LEAD_TASK_PATH, {}, method="POST", body=body, headers=headers)

    @override
    def file_task(self, task: Task) -> FileTask:
        create = task.request
        body = create.body or {}
        owner = str(body["advertiser_id"])
        return FileTask(
            create=create,
            check=lambda task_id: create.with_page_params(task_id=task_id),
            download=lambda task_id: Request(
                LEAD_FILE_PATH,
                {"advertiser_id": owner, "task_id": task_id},
                headers=create.headers,
            ),
            owner=owner,
            pending=frozenset({"CREATED", "RUNNING"}),
            ready=frozenset({"SUCCEED"}),
            has_unique_columns=False,  # two questions of a form can be equal
        )

    @override
    def raw_records(self, task: FilePart) -> Sequence[Record]:
        return list(leads_in(task))


class Leads(LeadStream):
    """One record per lead of the instant forms, with the values that the person entered.

    Every run reads all leads, because TikTok's task has no time range. Each form takes three tasks:
    for leads that TikTok stores in Europe, in the US and elsewhere. Only admins of the ad account
    may read leads. Leads that were moved to a Business Center are not included. Leads of direct
    messages are not included. All values are personal data, because a form can ask anything. Unless
    `pii` is set, they are hashed. The columns come from third-party connectors.
    """

    name = "leads"
    permission = "12010100 Leads"
    primary_keys = ("advertiser_id", "lead_id")


class FormFieldSource(RejectableSource):
    """The fields of one form, which TikTok can reject on their own."""

    reads_list_only = False

    @override
    def check(self, task: Task, response: Response) -> None:
        """Raise an error if a response has no fields.

        Raises:
            DamagedResponseError: It has none.
        """
        if not isinstance(response.data.get("fields"), list):
            raise damaged(task.request, response, "expected an array at data.fields, got none.")

    @override
    def locate(self, task: Task, response: Response) -> Sequence[Record]:
        """Return the form with its fields."""
        data = response.data
        form = data.get("meta_data") or data.get("meta")
        return [{**(form if isinstance(form, dict) else {}), "fields": data["fields"]}]


class LeadFormFields(DependentStream):
    """One record per instant form, with the labels of its fields.

    The labels are the values of `field` in `lead_data` of `leads`. A form that TikTok rejects is
    skipped with a warning. Forms that were moved to a Business Center are not included. The fields
    come from a third-party SDK.
    """

    name = "lead_form_fields"
    path = "/page/field/get/"
    permission = "12010100 Leads"
    primary_keys = ("advertiser_id", "page_id")
    source_class = FormFieldSource
    source_column = LEAD_FORMS
