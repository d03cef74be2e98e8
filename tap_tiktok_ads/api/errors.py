"""Exceptions of the tap, and the rules for TikTok's return codes.

    TapError                        an error that the user must read; exit code 1
    |- ConfigError                  unusable settings, catalog or state
    |- OutputError                  stdout is closed
    |- StorageError                 a temporary file cannot be written: the disk is full
    |- ClosedError                  the Python client is closed
    |- IncompleteError              the sync is incomplete
    |- ResponseError                an unexpected response: HTML, truncated, another shape
    |- ApiError                     a response with a code other than 0
    |  |- AuthError                 the token or app is rejected: stop
    |  |- PermissionDeniedError     permission denied for an object or feature: skip it
    |  `- RejectedRequestError      the request is rejected: stop
    |- TooLargeError                the request is too large: split it
    |- TransientError               a retry may succeed: 5xx, reset, timeout, internal codes
    |  `- DamagedResponseError      a success that lacks what the endpoint always returns
    `- ThrottledError               too many requests: all workers wait
       `- RestrictedError           still throttled after waiting: stop; exit code 75

HTTP status 200 does not mean success. Success is `code == 0` in the body. Codes and texts come from
TikTok's page "Return codes" (portal 1737172488964097) and the constants of its SDK.
"""

from __future__ import annotations

import dataclasses
import enum
import re

from tap_tiktok_ads.api.masking import escape


class Action(enum.Enum):
    """The reaction to a return code."""

    ACCEPT = "accept"
    RETRY = "retry"
    DAMAGED = "retry, then count the list as incomplete"
    THROTTLE = "wait, all together"
    SKIP = "skip the advertiser or stream"
    STOP = "stop: credentials"
    FAIL = "stop: request"


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """The reaction to one return code, or to a range of return codes.

    Attributes:
        action: The reaction.
        advice: What the user can do, in one sentence.
        min_wait_seconds: Minimum time before a retry.
        max_retries: Maximum number of retries. None: as many as the settings allow.
        shrink: True if the request may be too large, so a smaller one may succeed.
    """

    action: Action
    advice: str = ""
    min_wait_seconds: float = 0.0
    max_retries: int | None = None
    shrink: bool = False


_RETRY = Rule(Action.RETRY, "TikTok had an internal problem. Try again later.")
_THROTTLE = Rule(
    Action.THROTTLE, "Wait, or lower requests_per_second if other programs share the app."
)
_SKIP = Rule(
    Action.SKIP,
    "Check that the advertiser granted your app this permission and that the account still exists.",
)
_SANDBOX = Rule(Action.SKIP, "The sandbox does not offer this. Use environment production.")
_TOKEN = Rule(
    Action.STOP,
    "Check access_token. If the advertiser withdrew it, authorize the app to get a new one.",
)
_APP = Rule(
    Action.STOP,
    "Check app_id and app_secret in the TikTok for Business developer portal. An auth code is "
    "valid once, for one hour.",
)
_COUNTRY = Rule(
    Action.STOP,
    "TikTok blocks the country of this machine's IP address: run the tap in another country or "
    "cloud region.",
)
_FAIL = Rule(
    Action.FAIL,
    "TikTok rejects this request: check the settings that its message names.",
)
_GONE = Rule(Action.FAIL, "TikTok retired this endpoint or field. Look for a newer version.")

#: Maximum number of retries after a damaged response. Another pass over the list may follow.
MAX_DAMAGE_RETRIES = 3
#: The code of a success that lacks a part of the data.
PARTIAL_SUCCESS = 20001
#: Codes of endpoints that the sandbox does not offer.
NOT_IN_SANDBOX = frozenset((40009, 40013, 40014))
#: Code of a request from a blocked country. With any other message, the code is not documented.
BLOCKED_COUNTRY = -1
_COUNTRY_WORDS = "banned country"
#: Rule of an undocumented code. It stops the run, because it must never mean "no data".
UNKNOWN = Rule(
    Action.FAIL,
    "This code is not documented. Look for a newer version of the tap, or report the code.",
)

CODES: dict[int, Rule] = {
    0: Rule(Action.ACCEPT),
    PARTIAL_SUCCESS: Rule(Action.DAMAGED, "TikTok returned a part of the records."),
    **dict.fromkeys((40000, 40002, 40006, 40007, 40008, 40010, 40011, 40051, 40400), _FAIL),
    **dict.fromkeys((40001, 40003, 40117, 40118, 40119, 40125, 40130), _SKIP),
    **dict.fromkeys((40300, 40301, 40302), _SKIP),
    **dict.fromkeys(NOT_IN_SANDBOX, _SANDBOX),
    **dict.fromkeys((40016, 40100, 40132, 40133, 61000), _THROTTLE),
    **dict.fromkeys((40200, 40201, 40202), _RETRY),
    40050: dataclasses.replace(_RETRY, max_retries=1),
    40700: dataclasses.replace(_RETRY, max_retries=3),  # may also be a bad parameter
    **dict.fromkeys((40102, 40103, 40104, 40105, 40106, 40107, 40108, 40309, 70001), _TOKEN),
    **dict.fromkeys((40101, 40110, 40113, 40115, 40116, 40124), _APP),
    **dict.fromkeys((BLOCKED_COUNTRY, 41000), _COUNTRY),
    **dict.fromkeys((41001, 41002), _GONE),
    50000: _RETRY,
    # after a timeout, TikTok advises a smaller request (portal 1738864817670145)
    **dict.fromkeys((50002, 51010), dataclasses.replace(_RETRY, shrink=True)),
    40067: Rule(Action.FAIL, "Request fewer days, metrics or records per page.", shrink=True),
    60001: Rule(
        Action.RETRY, "TikTok is under maintenance. Try again later.", min_wait_seconds=30.0
    ),
}
RANGES: tuple[tuple[range, Rule], ...] = (
    (range(51000, 53000), _RETRY),  # named internal services, storage
    (range(53100, 53200), _RETRY),  # serialization
)


#: Code of an invalid parameter.
INVALID_PARAMETER = 40002
#: Beginning of a message about an advertiser that cannot be read any more. With code 40001 it means
#: a missing permission. TikTok also sends it with code 40002, as connectors report (OWOX, PostHog).
#: A message about a parameter never begins so: it names the parameter.
_UNAVAILABLE_ADVERTISER = re.compile(
    r"(the |this )?(ad(vertiser)? account|advertiser)( id)?:? *(\d{1,30} *)?"
    r"(doesn['\u2019]t exist|does not exist|"
    r"(is|was|has been) (deleted|closed|banned|disabled|punished|suspended))\b",
    re.IGNORECASE | re.ASCII,
)


def rule(code: int, message: str = "") -> Rule:
    """Return the rule of a return code, or `UNKNOWN` for an undocumented code.

    Args:
        code: TikTok's return code.
        message: TikTok's error message, which decides if one code has several meanings.

    Example:
        >>> rule(40002, "The advertiser 7 doesn't exist or has been deleted.").action
        <Action.SKIP: 'skip the advertiser or stream'>
    """
    if code == INVALID_PARAMETER and _UNAVAILABLE_ADVERTISER.match(message):
        return _SKIP
    if code == BLOCKED_COUNTRY and _COUNTRY_WORDS not in message.lower():
        return UNKNOWN
    if code in CODES:
        return CODES[code]
    return next((range_rule for codes, range_rule in RANGES if code in codes), UNKNOWN)


class TapError(Exception):
    """An error that is reported to the user in one sentence. Its text contains no secret.

    The text is escaped, so that a server's text in it cannot alter a terminal or a log.

    Attributes:
        stream: The stream whose read the error ends, which the text names first, or None.
        advice: The part of the text that says what to do next, or an empty text.
    """

    exit_code = 1
    stream: str | None = None
    advice: str = ""

    def __init__(self, message: str) -> None:
        super().__init__(escape(message))

    def __str__(self) -> str:
        text = super().__str__()
        return text if self.stream is None else f"Cannot read stream {self.stream}: {text}"

    @property
    def facts(self) -> str:
        """The text without advice, for a log line about an error that the tap handles itself."""
        text = super().__str__()
        return text.replace(f" {escape(self.advice)}", "", 1) if self.advice else text


class ConfigError(TapError):
    """Unusable settings, catalog or state. The text says what to write instead."""


class OutputError(TapError):
    """Cannot write to stdout: it is closed, the target has ended, or the disk is full."""


class StorageError(TapError):
    """Cannot write a temporary file, for example because the disk is full."""


class ClosedError(TapError):
    """The Python client was used after `close`."""


class IncompleteError(TapError):
    """The sync ended after errors that it continued from. Some selected data was not read."""


class ResponseError(TapError):
    """A response that is not TikTok's envelope, or does not have the shape of the endpoint."""


class TransientError(TapError):
    """An error that a retry may resolve.

    Attributes:
        code: TikTok's return code, or None without an envelope.
        min_wait_seconds: Minimum time before a retry.
        max_retries: Maximum number of retries. None: as many as the settings allow.
        timed_out: True if no complete response was received in time.
        request_id: TikTok's ID of the request, or None without an envelope.
    """

    def __init__(  # noqa: PLR0913 - keyword-only
        self,
        message: str,
        *,
        code: int | None = None,
        min_wait_seconds: float = 0.0,
        max_retries: int | None = None,
        timed_out: bool = False,
        request_id: str | None = None,
        advice: str = "",
    ) -> None:
        super().__init__(message)
        self.advice = advice
        self.code = code
        self.request_id = request_id
        self.min_wait_seconds = min_wait_seconds
        self.max_retries = max_retries
        self.timed_out = timed_out


class DamagedResponseError(TransientError):
    """A success that lacks what the endpoint always returns, or contradicts itself.

    It is never taken for "no data". Retried like a transient error. If every retry is damaged, the
    list is incomplete, and the run goes on.

    Attributes:
        label: Endpoint and advertiser of the request.
        damage: The damage, with the request ID.
    """

    def __init__(
        self,
        label: str,
        damage: str,
        *,
        code: int | None = None,
        request_id: str,
        advice: str = "",
    ) -> None:
        """Prepare.

        Args:
            label: Endpoint and advertiser of the request.
            damage: The damage: expected and actual.
            code: TikTok's return code, unless it is 0.
            request_id: TikTok's ID of the request.
            advice: The effect of the damage, and what to do next.
        """
        self.label = label
        self.damage = f"{damage} (request_id {request_id})"
        super().__init__(
            f"Damaged response of {label}: {self.damage} {advice}".rstrip(),
            code=code,
            max_retries=MAX_DAMAGE_RETRIES,
            request_id=request_id,
            advice=advice,
        )


class TooLargeError(TapError):
    """A splittable request is too large: it timed out, or TikTok rejects its size.

    Attributes:
        cause: The error of the request, for a caller that cannot split it.
    """

    def __init__(self, cause: TapError) -> None:
        super().__init__(str(cause))
        self.cause = cause


class ThrottledError(TapError):
    """Too many requests.

    Attributes:
        retry_after_seconds: The server's `Retry-After`, or None.
    """

    def __init__(self, message: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class RestrictedError(ThrottledError):
    """Throttled after every pause. More requests would prolong the restriction."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h: the caller may try again later


class ApiError(TapError):
    """A response with a return code that is not success.

    Attributes:
        code: TikTok's return code.
        api_message: TikTok's error message.
        request_id: TikTok's ID of the request, for TikTok's support.
    """

    def __init__(self, code: int, api_message: str, request_id: str, label: str) -> None:
        self.code = code
        self.api_message = api_message
        self.request_id = request_id
        super().__init__(
            f"TikTok responded to {label} with code {code}: {api_message.rstrip('.')}. "
            f"{rule(code, api_message).advice} (request_id {request_id})"
        )
        self.advice = rule(code, api_message).advice


class AuthError(ApiError):
    """The access token or the app is rejected."""


class PermissionDeniedError(ApiError):
    """The token has no permission for the advertiser, object or feature."""


class RejectedRequestError(ApiError):
    """TikTok rejects the request, for example because of an invalid parameter."""


def from_code(code: int, message: str, request_id: str, label: str) -> TapError:
    """Return the exception of a return code that is not success.

    Args:
        code: TikTok's return code.
        message: TikTok's error message.
        request_id: TikTok's ID of the request.
        label: Endpoint and advertiser of the request.
    """
    code_rule = rule(code, message)
    if code_rule.action is Action.DAMAGED:
        damage = f"code {code}: {message.rstrip('.')}. {code_rule.advice}"
        return DamagedResponseError(label, damage, code=code, request_id=request_id)
    if code_rule.action is Action.RETRY:
        return TransientError(
            str(ApiError(code, message, request_id, label)),
            code=code,
            min_wait_seconds=code_rule.min_wait_seconds,
            max_retries=code_rule.max_retries,
            request_id=request_id,
            advice=code_rule.advice,
        )
    if code_rule.action is Action.THROTTLE:
        return ThrottledError(str(ApiError(code, message, request_id, label)))
    error_class = {Action.STOP: AuthError, Action.SKIP: PermissionDeniedError}.get(
        code_rule.action, RejectedRequestError
    )
    return error_class(code, message, request_id, label)


def is_invalid_parameter(error: ApiError) -> bool:
    """Return True if TikTok rejects a parameter, and not the amount of data."""
    return error.code == INVALID_PARAMETER and not is_too_large(error)


def is_too_large(error: TapError) -> bool:
    """Return True if a smaller request may succeed."""
    if isinstance(error, TransientError):
        return error.timed_out or (error.code is not None and rule(error.code).shrink)
    if isinstance(error, RejectedRequestError):
        return rule(error.code).shrink or "too large" in error.api_message.lower()
    return False
