"""Requests of custom streams that are written as a command line of curl. Pure."""

from __future__ import annotations

import argparse
import re
import shlex
import typing as t
import urllib.parse

from typing_extensions import override

from tap_tiktok_ads.config.custom_requests import parse_body, parse_headers, parse_query
from tap_tiktok_ads.config.request_templates import RESERVED_HEADERS

if t.TYPE_CHECKING:
    from collections.abc import Iterator

#: A backslash, caret or backtick at the end of a line, which continues the command.
_CONTINUATION = re.compile(r"[\\^`]\r?\n")
#: An escape of the Windows command prompt. Browsers write `^"` for a quote.
_CARET = re.compile(r"\^(.)", re.DOTALL)
_NAMES = ("curl", "curl.exe")
#: Options of curl that do not change what a request of the tap reads.
_IGNORED_FLAGS = (
    *("--compressed", "--fail", "-f", "--globoff", "-g", "--http1.1", "--http2", "--include", "-i"),
    *("--insecure", "-k", "--location", "-L", "--show-error", "-S", "--silent", "-s"),
    *("--verbose", "-v"),
)
_IGNORED_OPTIONS = (
    *("--connect-timeout", "--cookie-jar", "-c", "--max-time", "-m", "--output", "-o"),
)


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are `ValueError`."""

    @override
    def error(self, message: str) -> t.NoReturn:
        msg = f"the curl command cannot be read: {message}"
        raise ValueError(msg)


def _parser() -> _Parser:
    """Return the parser of a command line without its first word."""
    parser = _Parser(prog="curl", add_help=False, allow_abbrev=False)
    parser.add_argument("urls", nargs="*")
    parser.add_argument("--url", dest="named_urls", action="append", default=[])
    parser.add_argument("-X", "--request", dest="method")
    parser.add_argument("-H", "--header", dest="headers", action="append", default=[])
    parser.add_argument("-b", "--cookie", dest="cookies", action="append", default=[])
    parser.add_argument("-G", "--get", dest="is_get", action="store_true")
    parser.add_argument(
        *("-d", "--data", "--data-ascii", "--data-binary", "--data-raw", "--json"),
        dest="data",
        action="append",
        default=[],
    )
    parser.add_argument("--data-urlencode", dest="encoded", action="append", default=[])
    parser.add_argument(*_IGNORED_FLAGS, dest="ignored", action="store_true")
    parser.add_argument(*_IGNORED_OPTIONS, dest="ignored_value")
    return parser


def parse_curl(command: str) -> dict[str, t.Any]:
    """Return the method, URL, parameters, headers and body of a curl command.

    The headers that the tap sets itself are left out, the access token included, and cookies.

    Example:
        >>> parse_curl("curl -H 'Access-Token: x' -X GET 'https://a.example/b/?c=d'")
        {'url': 'https://a.example/b/?c=d', 'method': 'GET'}

    Raises:
        ValueError: The command cannot be parsed, or has an option that the tap does not know. The
            message quotes no value.
    """
    options = _options(command)
    entry: dict[str, t.Any] = {"url": options.urls[0]}
    has_data = bool(options.data or options.encoded)
    is_get = options.is_get or str(options.method).upper() == "GET"
    if options.method or has_data:
        entry["method"] = options.method or ("GET" if is_get else "POST")
    if headers := _own_headers(options.headers):
        entry["headers"] = headers
    if has_data:
        entry["params" if is_get else "body"] = _data(options, is_query=is_get)
    return entry


def sends_cookies(command: str) -> bool:
    """Return True if a curl command has cookies, which `parse_curl` leaves out.

    Raises:
        ValueError: The command cannot be parsed, or has an option that the tap does not know.
    """
    options = _options(command)
    return bool(options.cookies) or any(map(_is_cookie, options.headers))


def _is_cookie(header: str) -> bool:
    """Return True if a header has cookies."""
    return header.partition(":")[0].strip().lower() == "cookie"


def _options(command: str) -> argparse.Namespace:
    """Return the parsed options of a command with one URL.

    Raises:
        ValueError: The command cannot be parsed, or has an option that the tap does not know.
    """
    words = _words(command)
    if not words or words[0].lower() not in _NAMES:
        msg = "the command must start with 'curl'"
        raise ValueError(msg)
    options, unknown = _parser().parse_known_args(words[1:])
    if unknown:
        name = next(word for word in unknown if word.startswith("-"))
        msg = f"option {name.partition('=')[0]} of curl is not supported. Remove it"
        raise ValueError(msg)
    options.urls += options.named_urls
    if len(options.urls) != 1:
        msg = f"the curl command must contain one URL, got {len(options.urls)}"
        raise ValueError(msg)
    return options


def _own_headers(lines: list[str]) -> dict[str, str]:
    """Return the headers of a command without cookies and those that the tap sets itself."""
    headers = parse_headers("\n".join(line for line in lines if not _is_cookie(line)))
    return {name: value for name, value in headers.items() if name.lower() not in RESERVED_HEADERS}


def _words(command: str) -> list[str]:
    """Return the words of a command line.

    Raises:
        ValueError: A quote is not closed.
    """
    try:
        command = _CONTINUATION.sub(" ", command)
        return shlex.split(_CARET.sub(r"\1", command) if '^"' in command else command)
    except ValueError as error:
        msg = f"the curl command cannot be read: {error}"
        raise ValueError(msg) from None


def _data(options: argparse.Namespace, *, is_query: bool) -> t.Any:
    """Return the object in the data of a command: JSON, or the parameters of a query string."""
    texts = list(options.data)
    if any(text.startswith("@") for text in texts):
        msg = "the data of the curl command is in a file. Write its JSON text"
        raise ValueError(msg)
    if not is_query or (len(texts) == 1 and texts[0].lstrip().startswith("{")):
        return parse_body("".join(texts)) or {}
    return parse_query("&".join([*texts, *_encoded(options.encoded)]))


def _encoded(texts: list[str]) -> Iterator[str]:
    """Yield each `name=value` with its value encoded for a query string."""
    for text in texts:
        name, equal_sign, value = text.partition("=")
        yield f"{name}{equal_sign}{urllib.parse.quote(value, safe='')}"
