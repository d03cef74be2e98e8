"""Requests of custom streams: the forms in which people paste them, and what they may contain.

Other tools write a request as one URL with its query string, and headers and body as text.
`normalize` turns these forms into the form of docs/custom.md.
"""

from __future__ import annotations

import contextlib
import json
import re
import typing as t
import urllib.parse

import pendulum

from tap_tiktok_ads.api.hosts import REPORT_PATH
from tap_tiktok_ads.config.request_templates import HEADER_NAME, REQUEST_KEYS
from tap_tiktok_ads.extract import dates, macros

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tap_tiktok_ads.config.request_templates import RequestTemplate

#: Headers that other tools write, with the start of the value that the tap sends anyway.
REDUNDANT_HEADERS: dict[str, tuple[str, ...]] = {
    "content-type": ("application/json",),
    "accept": ("application/json", "*/*"),
}
ADVERTISER_MACRO = "advertiser_id"
#: Name of the parameter and of the header with the access token, which only the tap sends.
ACCESS_TOKEN = "access_token"  # noqa: S105 - a name
#: Names of parameters and headers whose values are secrets, in lower case, with underscores.
SECRET_NAMES = frozenset(
    {
        *(ACCESS_TOKEN, "api_key", "app_secret", "auth_code", "authorization", "client_secret"),
        *("cookie", "password", "proxy_authorization", "refresh_token", "secret", "token"),
        *("x_api_key", "x_auth_token"),
    }
)
#: A time at which every range from the start of a period to now is shortest.
_SHORTEST_RANGES_TIME = pendulum.datetime(2026, 1, 1)
#: A line break, or the comma before the next header. Other commas belong to a value.
_HEADER_SEPARATOR = re.compile(r"\s*[\r\n]+\s*|,\s*(?=[\w-]+\s*:)", re.ASCII)
#: An integer that is not an ID. IDs stay texts.
_SHORT_INTEGER = re.compile(r"0|[1-9][0-9]{0,5}")
#: A variable of Postman: a macro in two pairs of braces.
_DOUBLE_BRACES = re.compile(r"\{(\{\s*[A-Za-z_][\w.]*\s*(?:[+-]\s*\w+\s*)?\})\}")


def normalize(entry: t.Any) -> t.Any:
    """Return an entry in the form of docs/custom.md. Values of wrong types are unchanged.

    Example:
        >>> normalize({"url": "/pixel/list/?advertiser_id=7", "method": "get"})
        {'url': '/pixel/list/', 'method': 'GET', 'params': {'advertiser_id': '{advertiser_id}'}}

    Raises:
        ValueError: The URL, the headers or the body cannot be parsed, or contain the access token.
    """
    if not isinstance(entry, dict):
        return entry
    result = dict(entry)
    for key in REQUEST_KEYS:
        if key in result:
            result[key] = macros.map_strings(result[key], _with_single_braces)
    for key, parse in _TEXT_PARSERS.items():
        if isinstance(result.get(key), str):
            result[key] = parse(result[key])
    if result.get("body", ...) is None:
        del result["body"]
    _split_query(result)
    _check_access_token(result)
    if isinstance(result.get("headers"), dict):
        result["headers"] = _without_redundant(result["headers"])
    _replace_advertiser(result)
    if isinstance(result.get("download"), dict):
        result["download"] = _normalize_requests(result["download"], result.get("per_advertiser"))
    return result


def _normalize_requests(requests: Mapping[str, t.Any], per_advertiser: t.Any) -> dict[str, t.Any]:
    """Return the requests of a task and its file in the form of docs/custom.md."""
    result = {}
    for name, request in requests.items():
        normalized = normalize(request)
        if isinstance(request, dict) and per_advertiser is False:
            normalized = normalize({**request, "per_advertiser": False})
            del normalized["per_advertiser"]
        result[name] = normalized
    return result


def literal_advertiser(entry: t.Any) -> str | None:
    """Return the advertiser ID in a parameter of an entry, or None if the entry names none.

    Raises:
        ValueError: The URL, the headers or the body cannot be parsed.
    """
    kept = normalize({**entry, "per_advertiser": False})
    return next((advertiser_id for _, advertiser_id in _literal_advertisers(kept)), None)


def secret_values(entry: Mapping[str, t.Any]) -> Iterator[str]:
    """Yield the texts under names of secrets in a normalized entry."""
    for key in ("params", "body", "headers"):
        yield from _texts_of_secrets(entry.get(key))


def _texts_of_secrets(value: t.Any) -> Iterator[str]:
    """Yield the texts under names of secrets, at any depth of a JSON value."""
    if isinstance(value, dict):
        for name, member in value.items():
            is_secret = isinstance(member, str) and _plain_name(name) in SECRET_NAMES
            yield from [member] if is_secret else _texts_of_secrets(member)
    elif isinstance(value, list):
        for member in value:
            yield from _texts_of_secrets(member)


def _with_single_braces(text: str) -> str:
    """Return a text in which variables of Postman are macros."""
    return _DOUBLE_BRACES.sub(r"\1", text)


def parse_headers(text: str) -> dict[str, str]:
    """Return the headers in a text.

    Example:
        >>> parse_headers("X-Source: tap, Accept-Language: en-US,en")
        {'X-Source': 'tap', 'Accept-Language': 'en-US,en'}

    Raises:
        ValueError: A part of the text is not a name and a value. The message quotes no value.
    """
    headers = {}
    for header_text in filter(None, _HEADER_SEPARATOR.split(text.strip(" ,\r\n\t"))):
        name, colon, value = header_text.partition(":")
        if not colon or not HEADER_NAME.fullmatch(name.strip()):
            msg = "headers must be an object, or text such as header1:value1,header2:value2"
            raise ValueError(msg)
        headers[name.strip()] = value.strip()
    return headers


def parse_body(text: str) -> t.Any:
    """Return the JSON object in a text, or None for a blank text.

    Raises:
        ValueError: The text is not a JSON object. The message does not quote it.
    """
    if not text.strip():
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        place = (
            f" ({error.msg}, line {error.lineno})"
            if isinstance(error, json.JSONDecodeError)
            else ""
        )
        msg = f"the text in 'body' is not JSON{place}. Write an object, or its JSON text"
        raise ValueError(msg) from None
    if not isinstance(value, dict):
        msg = "the JSON text in 'body' must be an object"
        raise ValueError(msg)  # noqa: TRY004 - a definition that cannot be used is a ValueError
    return value


#: Parsers of the values that other tools write as text, or in another case.
_TEXT_PARSERS: dict[str, Callable[[str], t.Any]] = {
    "method": lambda text: text.strip().upper(),
    "time_unit": lambda text: text.strip().lower(),
    "url": str.strip,
    "headers": parse_headers,
    "body": parse_body,
}


def parse_query(query: str) -> dict[str, t.Any]:
    """Return the parameters in a query string, parsed by `parse_value`.

    Example:
        >>> parse_query("page_size=20&start_date={now-7}&metrics=%5B%22spend%22%5D")
        {'page_size': 20, 'start_date': '{now-7}', 'metrics': ['spend']}

    Raises:
        ValueError: A parameter occurs twice.
    """
    params: dict[str, t.Any] = {}
    # outside of macros, a plus sign is a space
    query = macros.MACRO.sub(lambda match: match[0].replace("+", "%2B"), query)
    for name, text in urllib.parse.parse_qsl(query, keep_blank_values=True):
        if name in params:
            msg = f"parameter {name!r} occurs twice in 'url'. Write one JSON list"
            raise ValueError(msg)
        params[name] = parse_value(text)
    return params


def parse_value(text: str) -> t.Any:
    """Return the list, object or short integer of a JSON text, or the text itself."""
    if text.startswith(("[", "{")) or _SHORT_INTEGER.fullmatch(text):
        with contextlib.suppress(ValueError, RecursionError):
            return json.loads(text)
    return text


def _split_query(entry: dict[str, t.Any]) -> None:
    """Move the query string of the URL into `params`. The tap counts pages itself.

    Raises:
        ValueError: The URL contains a password, or a parameter that is also in `params`.
    """
    url, params = entry.get("url"), entry.get("params", {})
    if not isinstance(url, str):
        return
    if "@" in urllib.parse.urlsplit(url).netloc:
        msg = "'url' must not contain a user name or password. Remove the part before '@'"
        raise ValueError(msg)
    path, question_mark, query = url.partition("?")
    if not question_mark or not isinstance(params, dict):
        return
    query_params = parse_query(query.partition("#")[0])
    if entry.get("pagination", "page_info") == "page_info":
        query_params.pop("page", None)
    for name in query_params:
        if name in params:
            msg = f"parameter {name!r} is in 'url' and in 'params'. Remove one of them"
            raise ValueError(msg)
    entry["url"] = path
    if query_params:
        entry["params"] = {**query_params, **params}


def _check_access_token(entry: Mapping[str, t.Any]) -> None:
    """Raise `ValueError` if a parameter of an entry is the access token."""
    for key in ("params", "body"):
        if isinstance(entry.get(key), dict) and ACCESS_TOKEN in map(_plain_name, entry[key]):
            msg = (
                "the request contains a parameter 'access_token'. Remove it: the tap sends the "
                "setting access_token"
            )
            raise ValueError(msg)


def _plain_name(name: str) -> str:
    """Return the name of a parameter or header in the form of `SECRET_NAMES`."""
    return name.strip().lower().replace("-", "_")


def _without_redundant(headers: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the headers without those that the tap sends anyway."""
    return {
        name: value
        for name, value in headers.items()
        if not str(value).strip().startswith(REDUNDANT_HEADERS.get(name.lower(), ()))
    }


def _literal_advertisers(entry: Mapping[str, t.Any]) -> Iterator[tuple[str, str]]:
    """Yield the keys of an entry whose `advertiser_id` is a number, and the number."""
    for key in ("params", "body"):
        value = entry[key].get(ADVERTISER_MACRO) if isinstance(entry.get(key), dict) else None
        if re.fullmatch(r"\d+", str(value), re.ASCII):
            yield key, str(value)


def _replace_advertiser(entry: dict[str, t.Any]) -> None:
    """Replace a literal advertiser ID by the macro, unless the stream is of no advertiser."""
    request = {key: entry[key] for key in REQUEST_KEYS if key in entry}
    if entry.get("per_advertiser") is False or ADVERTISER_MACRO in macros.macro_names(request):
        return
    for key, _ in tuple(_literal_advertisers(entry)):
        entry[key] = {**entry[key], ADVERTISER_MACRO: f"{{{ADVERTISER_MACRO}}}"}


def check_days(request: RequestTemplate, unit: str) -> None:
    """Raise `ValueError` if a report with a time dimension covers more days than TikTok allows.

    Args:
        request: The request.
        unit: Letter of the unit of an offset that names none.
    """
    if not request.path.endswith(REPORT_PATH):
        return
    params = {**request.params, **(request.body or {})}
    start, end = (_day(params.get(name), unit) for name in ("start_date", "end_date"))
    for dimension, days in dates.WINDOW_DAYS.items():
        covered = (end - start).days + 1 if start and end else 0
        if dimension in str(params.get("dimensions")) and covered > days:
            msg = (
                f"start_date and end_date cover {covered} days, and TikTok allows {days} with "
                f"{dimension}. Write {{start_date}} and {{end_date}}: the tap then divides the "
                "days between the settings start_date and end_date into windows"
            )
            raise ValueError(msg)


def _day(value: t.Any, unit: str) -> pendulum.Date | None:
    """Return the day of a parameter, or None if it is not a day or date macro."""
    with contextlib.suppress(dates.DateError):
        text, now = str(value), _SHORTEST_RANGES_TIME
        if dates.is_macro(text):
            return dates.resolve_macro(text, now, unit).date()
        return dates.parse_day(text, now)
    return None
