"""The date macros of settings and custom streams, with the dates of this moment."""

from __future__ import annotations

import collections
import typing as t

from tap_tiktok_ads.config.custom_streams import parse_custom_streams
from tap_tiktok_ads.extract import dates, macros

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pendulum

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.config.custom_streams import CustomStreamDefinition
    from tap_tiktok_ads.context import RunContext


class ResolvedMacro(t.NamedTuple):
    """A text with date macros and its value, in the time zones of a number of advertisers."""

    place: str
    text: str
    value: str
    advertisers: int


def resolved_macros(run_context: RunContext) -> list[ResolvedMacro]:
    """Return the texts with date macros. A text has one value per date of the advertisers."""
    found: collections.Counter[tuple[str, str, str]] = collections.Counter()
    entries = run_context.config.get("custom_streams")
    definitions = parse_custom_streams(entries, run_context.config.get("api_url") or "")
    for advertiser in run_context.advertisers:
        found.update(_of_settings(run_context, advertiser))
        for definition in definitions:
            found.update(_of_stream(definition, run_context.now(advertiser)))
    return [ResolvedMacro(*key, count) for key, count in found.items()]


def _of_settings(run_context: RunContext, advertiser: Advertiser) -> Iterator[tuple[str, str, str]]:
    settings = run_context.settings
    days = run_context.days(advertiser)
    for name, day in zip(("start_date", "end_date"), days, strict=True):
        text = getattr(settings, name)
        if text and dates.is_macro(text):
            yield name, text, str(day)


def _of_stream(
    definition: CustomStreamDefinition, now: pendulum.DateTime
) -> Iterator[tuple[str, str, str]]:
    if not definition.per_advertiser:
        now = now.in_timezone("UTC")
    request = [definition.path, definition.params, definition.body, definition.headers]
    values = {name: f"{{{name}}}" for name in macros.macro_names(request)}
    for text in dict.fromkeys(macros.strings(_plain(request))):
        value = macros.resolve(
            text,
            values,
            now,
            unit=definition.unit,
            render=lambda moment: moment.format(definition.date_format),
        )
        if value != text:
            yield definition.name, text, value


def _plain(value: Sequence[t.Any]) -> list[t.Any]:
    return [dict(item) if isinstance(item, collections.abc.Mapping) else item for item in value]
