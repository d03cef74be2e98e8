"""Write `schemas/*.json` from a fact sheet of the API (run by hand when the facts change).

Usage: python schemas/generate.py FACTS

FACTS is a folder with `endpoints.json` (one entry per stream) and `fields/` (the fields of each
stream, and `_metrics_catalog.json` with every report metric). Entity streams become one JSON Schema
each; all reports together become `metrics.json`, from which `tap_tiktok_ads.schemas` builds the
schema of a report for the dimensions and metrics that it has.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
#: Where the sheet's own words ask for more than its type says.
AMENDED: dict[tuple[str, str], dict[str, Any]] = {
    # a single enum string in one source, a list in another
    ("custom_audiences", "placements"): {"type": ["string", "array", "null"]},
    # epoch seconds on the wire, an RFC 3339 time in the record
    ("advertisers", "create_time"): {
        "type": ["string", "null"],
        "format": "date-time",
        "description": "Account creation time.",
    },
    # numbers on the wire, as the sheet's own type conventions say; ids are text everywhere
    ("ads", "page_id"): {"type": ["string", "null"]},
    ("ads", "tracking_pixel_id"): {"type": ["string", "null"]},
    # keys: TikTok sends nothing where a row has no material of its own
    ("smart_plus_ad_media", "ad_material_id"): {
        "type": "string",
        "description": "ID of the creative inside the ad; '-' for playables, which have none.",
    },
    ("smart_plus_ad_suggestions", "ad_material_id"): {
        "type": "string",
        "description": (
            "ID of the creative inside the ad, of a carousel that of one image; "
            "'-' in rows of level AD."
        ),
    },
    # text in one source, epoch milliseconds in another; neither names a time zone
    ("pixels", "create_time"): {
        "type": ["string", "null"],
        "format": "date-time",
        "description": "Creation time; the sources name no time zone, UTC is assumed.",
    },
}

#: Dimensions by report type (fact sheet, section 5.3: portal 1740302848100353, 1738864894606337).
DIMENSIONS = {
    "BASIC": [
        "advertiser_id",
        "campaign_id",
        "adgroup_id",
        "ad_id",
        "ad_id_v2",
        "stat_time_day",
        "stat_time_hour",
        "country_code",
        "ad_type",
        "custom_event_type",
        "event_source_id",
        "page_id",
        "component_name",
        "room_id",
        "post_id",
        "image_id",
        "video_material_id",
        "minis_id",
        "search_terms",
        "search_keyword",
        "match_type",
        "skan_postback_sequence",
    ],
    "AUDIENCE": [
        "advertiser_id",
        "campaign_id",
        "adgroup_id",
        "ad_id",
        "ad_id_v2",
        "stat_time_day",
        "stat_time_hour",
        "gender",
        "age",
        "country_code",
        "province_id",
        "dma_id",
        "platform",
        "ac",
        "language",
        "device_brand_id",
        "placement",
        "interest_category",
        "interest_category_tier2",
        "interest_category_tier3",
        "interest_category_tier4",
        "behavior_id",
        "hashtag",
        "audience_tags",
        "additional_interests",
        "purchase_intention",
        "contextual_tag",
        "ad_type",
        "bucket_id",
    ],
}
REPORT_PATH = "/report/integrated/get/"
KEPT = ("type", "group", "levels", "description")
LEVELS = ("AUCTION_ADVERTISER", "AUCTION_CAMPAIGN", "AUCTION_ADGROUP", "AUCTION_AD")
#: The catalogue's words for the levels that have an attribute, and the first of them.
FIRST_LEVEL = {"campaign+": 1, "adgroup+": 2, "adgroup only": 2, "ad only": 3}
IDS = ("advertiser_id", "campaign_id", "adgroup_id", "ad_id", "ad_id_v2")
#: Fact sheet, section 5.4: advertiser level, by day only.
BY_DAY_ONLY = ("cash_spend", "voucher_spend")
#: Words in the names of metrics that are ratios, or count people.
NOT_ADDITIVE = frozenset(
    [
        "rate",
        "roas",
        "ctr",
        "cpc",
        "cpm",
        "cpa",
        "cost",
        "average",
        "avg",
        "frequency",
        "reach",
        "per",
        "ratio",
        "roi",
        "unique",
        "v2",
    ]
)
#: Reports that the sheet of endpoints lacks, and the one whose metrics they ask for.
LIKE = {
    f"audience_report_by_{name}": "audience_report_by_platform"
    for name in ("language", "placement", "network", "device_brand", "dma")
}
DESCRIPTIONS = {
    "advertiser_id": "Advertiser ID.",
    "ad_id_v2": "Ad ID; of Upgraded Smart+, that of the ad, not of a creative.",
    "stat_time_hour": "Hour in the account time zone.",
}

#: Streams whose rows are those of an array in each record.
UNNESTED = {"pixel_event_statistics": "statistics"}


def property_schema(stream: str, name: str, field: dict[str, Any]) -> dict[str, Any]:
    """One field of the sheet as JSON Schema; nullable unless it is a key."""
    kind = field["type"]
    schema: dict[str, Any] = {"type": [kind, "null"] if field.get("nullable", True) else kind}
    if "format" in field:
        schema["format"] = field["format"]
    if "description" in field:
        schema["description"] = field["description"]
    if kind == "object" and "properties" in field:
        schema["properties"] = properties(stream, field["properties"])
        schema["additionalProperties"] = True
    if kind == "array" and "items" in field:
        item = field["items"]
        schema["items"] = {"type": [item["type"], "null"]}
        if "properties" in item:
            schema["items"]["properties"] = properties(stream, item["properties"])
            schema["items"]["additionalProperties"] = True
    return schema | AMENDED.get((stream, name), {})


def properties(stream: str, fields: dict[str, Any]) -> dict[str, Any]:
    """All fields of an object, in the order of the sheet."""
    return {name: property_schema(stream, name, field) for name, field in fields.items()}


def entity_schema(stream: str, sheet: dict[str, Any], keys: list[str]) -> dict[str, Any]:
    """The schema of an entity stream: key columns first and never null."""
    fields = sheet["fields"]
    ordered = {name: {**fields[name], "nullable": False} for name in keys}
    ordered |= {name: field for name, field in fields.items() if name not in ordered}
    columns = properties(stream, ordered)
    if stream == "smart_plus_ad_suggestions":  # the official OpenAPI file nests it one level deeper
        info = columns["reject_info"]["items"]["properties"]
        frames = info["violation_frames"]["items"]["properties"]
        frames["video_violation_frames"] = info["video_violation_frames"]
    return {"type": "object", "additionalProperties": True, "properties": columns}


def metric_catalogue(facts: Path, endpoints: list[dict[str, Any]]) -> dict[str, Any]:
    """The report metrics, the dimensions, what goes with what, and the metrics of each report."""
    reports = [one for one in endpoints if one["path"] == REPORT_PATH]
    catalogue = json.loads((facts / "fields" / "_metrics_catalog.json").read_text("utf-8"))
    metrics = {
        name: {key: metric[key] for key in KEPT if key in metric}
        | {"additive": is_additive(name, metric)}
        for name, metric in sorted(catalogue["metrics"].items())
    }
    described = dict(DESCRIPTIONS)
    for report in reports:
        sheet = json.loads((facts / report["fields_file"]).read_text("utf-8"))
        for name, field in sheet["fields"]["dimensions"].items():
            described.setdefault(name, field["description"])
    names = dict.fromkeys(name for found in DIMENSIONS.values() for name in found)
    dimensions = {
        name: {
            "description": described.get(name, f"Dimension {name}."),
            "report_types": [kind for kind, found in DIMENSIONS.items() if name in found],
        }
        for name in names
    }
    listed = catalogue["supported_with_dimension"]
    supported = [
        {
            "report_type": key.split()[0],
            "dimensions": key.split()[1].split("/"),
            "metrics": found,
            "official": True,
        }
        for key, found in listed.items()
        if isinstance(found, list)
    ]
    named = {name for one in supported for name in one["dimensions"]}
    proven = next(one for one in reports if one["name"] == LIKE["audience_report_by_dma"])
    supported.append(
        {
            "report_type": "AUDIENCE",
            "dimensions": [one for one in DIMENSIONS["AUDIENCE"] if is_split(one, named)],
            "metrics": [
                one for one in proven["default_metrics"] if metrics[one]["group"] != "attribute"
            ],
            "official": False,
        }
    )
    by_name = {one["name"]: one for one in reports}
    by_name |= {name: {**by_name[like], "name": name} for name, like in LIKE.items()}
    return {
        "metrics": metrics,
        "dimensions": dimensions,
        "supported": supported,
        "reports": {name: report_metrics(report, metrics) for name, report in by_name.items()},
    }


def is_split(dimension: str, listed: set[str]) -> bool:
    """Whether the sheet has no list of the metrics that go with an audience dimension."""
    return (
        dimension not in listed and not dimension.startswith("stat_time_") and dimension not in IDS
    )


def is_additive(name: str, metric: dict[str, Any]) -> bool:
    """Whether sums over days and objects mean something; told from the name, so an inference."""
    if metric["type"] not in {"integer", "number"} or metric["group"] == "attribute":
        return False
    return not any(word in NOT_ADDITIVE for word in name.split("_"))


def report_metrics(report: dict[str, Any], metrics: dict[str, Any]) -> list[str]:
    """The default metrics, without what does not exist at the report's level or granularity."""
    level = LEVELS.index(report["data_level"])
    by_day = "stat_time_day" in report["dimensions"]
    return [
        name
        for name in report["default_metrics"]
        if FIRST_LEVEL.get(metrics[name].get("levels", ""), 0) <= level
        and name not in report["dimensions"]
        and (name not in BY_DAY_ONLY or by_day)
    ]


def write(name: str, content: dict[str, Any]) -> None:
    """One file below `schemas/`, readable in a diff."""
    text = json.dumps(content, indent=1, ensure_ascii=False)
    (HERE / f"{name}.json").write_text(text + "\n", "utf-8")


def main(facts: Path) -> None:
    """Write the schemas of the streams whose fields are known."""
    endpoints = json.loads((facts / "endpoints.json").read_text("utf-8"))["streams"]
    for endpoint in endpoints:
        if endpoint.get("fields_file") and not endpoint.get("default_metrics"):
            sheet = json.loads((facts / endpoint["fields_file"]).read_text("utf-8"))
            if endpoint["name"] in UNNESTED:
                nested = sheet["fields"].pop(UNNESTED[endpoint["name"]])
                sheet["fields"] |= nested["items"]["properties"]
            write(
                endpoint["name"],
                entity_schema(endpoint["name"], sheet, endpoint["primary_keys"]),
            )
    write("metrics", metric_catalogue(facts, endpoints))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
