"""Leads of instant forms, the fields of the forms, and entries of the change log."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from typing import TYPE_CHECKING

from tap_tiktok_ads.simulator.pseudorandom import mix, pick

from .assets import instant_page, page_type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_tiktok_ads.simulator.accounts.entities import Account, Asset

    from .values import Record

FORM_TYPE = "LEAD_GEN"
LEAD_REGIONS = ("", "eu", "us")
"""Values of the header `x-lead-region`. Each selects the leads that TikTok stores there."""
LEAD_COLUMNS = (
    "lead_id",
    "created_time",
    "ad_id",
    "ad_name",
    "adgroup_id",
    "adgroup_name",
    "campaign_id",
    "campaign_name",
    "form_id",
    "form_name",
)
FORM_FIELDS = ("Name", "Email", "Phone number", "Größe, “L” oder M?", "Name")
"""Labels of a form. Two questions can be equal."""
CHANGE_COLUMNS = (
    "Time",
    "log_object_type",
    "Object ID",
    "Object",
    "Operator",
    "Source",
    "App ID",
    "Activity details",
)
MAX_LEADS_PER_FORM = 7
MAX_CHANGES_PER_DAY = 3


@dataclass(frozen=True)
class Lead:
    """A lead of a form, as a row of the file.

    Attributes:
        region: The header with which TikTok returns the lead.
        row: The fields of the row.
    """

    region: str
    row: list[str]


def is_form(page: Asset) -> bool:
    """Return True if an instant page is an instant form."""
    return page_type(page) == FORM_TYPE


def leads(page: Asset, account: Account) -> list[Lead]:
    """Return the leads of an instant form."""
    found = []
    for number in range(mix(page.key, 70) % (MAX_LEADS_PER_FORM + 1) if account.ads else 0):
        key = mix(page.key, 71, number)
        ad = account.ads[key % len(account.ads)]
        day = account.start + timedelta(days=key % max(account.options.days, 1))
        values = (
            pick(("Zoë “Z” Müller", "李 雷", "Ann, B."), key),
            f"person{number}@example.com",
            f"+4930{key % 10**7:07}",
            pick(("L", "M\nor S", ""), key, 1),
            "",
        )
        described = (
            str(7 * 10**18 + key % 10**18),
            f"{day} 12:{key % 60:02}:{key % 59:02}(UTC+00:00)",
            *(ad.id, ad.name, ad.group.id, ad.group.name, ad.campaign.id, ad.campaign.name),
            *(page.id, instant_page(page, account)["title"]),
        )
        found.append(Lead(LEAD_REGIONS[key % len(LEAD_REGIONS)], [*map(str, described), *values]))
    return found


def lead_file(page: Asset, account: Account, region: str) -> str:
    """Return the file with the leads of a form that TikTok stores in a region."""
    rows = (lead.row for lead in leads(page, account) if lead.region == region)
    return "\ufeff" + _csv([*LEAD_COLUMNS, *FORM_FIELDS], rows)


def form_fields(page: Asset, account: Account) -> Record:
    """Return the labels of a form, and the form."""
    record = instant_page(page, account)
    return {
        "fields": list(FORM_FIELDS),
        "meta_data": {
            "page_id": page.id,
            "page_name": record["title"],
            "page_url": f"https://example.com/forms/{page.id}",
            "create_time": page.created,
        },
    }


def changes(account: Account, day: int) -> list[list[str]]:
    """Return the entries of the change log of an account on a day of its history, as rows."""
    rows: list[list[str]] = []
    if not account.groups:
        return rows
    date = account.start + timedelta(days=day)
    for number in range(mix(int(account.id), 80, day) % (MAX_CHANGES_PER_DAY + 1)):
        key = mix(int(account.id), 81, day, number)
        group = account.groups[key % len(account.groups)]
        values = [str(text.encode()) for text in (f"{key % 90}.00 USD", "Größe's “L”")]
        details = [
            {
                "action": "Change ",
                "name": "Budget",
                "before_after": [dict(zip(("before", "after"), values, strict=True))],
            },
            {"action": "Create", "name": "Ad group"},
        ]
        operator = pick(("m****t@example.com", "Zoë"), key)
        described = (f"{date} {number:02}:{key % 60:02}", "Ad group", group.id, "Budget & Schedule")
        app = "7536109600076988432" if key % 2 else "--"
        rows.append([*described, operator, "Marketing API", app, json.dumps(details)])
    return rows


def change_file(rows: Iterable[list[str]]) -> str:
    """Return the file of a change log. Lines with numbers of changes precede the columns."""
    return "Budget changes,1\r\nBid changes,0\r\n\r\n" + _csv(CHANGE_COLUMNS, rows)


def _csv(columns: Iterable[str], rows: Iterable[list[str]]) -> str:
    """Return CSV text."""
    text = StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
