"""What TikTok's return codes mean, what to do about each, and the sentence that the user reads.

    TapError                    anything the user must read; exit code 1
    |- ConfigError              settings, catalog or state that cannot be used
    |- OutputError              stdout takes no more
    |- ClosedError              the Python client is closed
    |- ResponseError            an answer that is no answer: HTML, cut off, of another shape
    |- ApiError                 an answer with a code other than 0
    |  |- AuthError             the token or app is refused: stop
    |  |- PermissionDeniedError     an object or feature may not be read: skip it, go on
    |  `- RejectedRequestError          TikTok calls the request wrong: stop, it would fail again
    |- TooLargeError            divide the request
    |- TransientError           worth another try: 5xx, reset, time-out, internal codes
    `- ThrottledError           too many requests: all workers wait
       `- RestrictedError       still restricted after waiting: stop; exit code 75, try again later

HTTP status 200 says nothing: success is `code == 0` in the body. Codes and texts: TikTok's page
"Return codes" (portal 1737172488964097) and the constants of its SDK.
"""

from __future__ import annotations

import dataclasses
import enum


class Action(enum.Enum):
    """What the tap does about an answer."""

    ACCEPT = "accept"
    RETRY = "retry"
    THROTTLE = "wait, all together"
    SKIP = "skip the advertiser or stream"
    STOP = "stop: credentials"
    FAIL = "stop: request"


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """What one code, or a range of them, asks for.

    `floor` is the shortest wait in seconds before another try, `tries` how many more there may be
    at most (None: as many as the settings allow). `shrink`: the request may have been too large,
    so that a smaller one is better than the same again.
    """

    action: Action
    advice: str = ""
    floor: float = 0.0
    tries: int | None = None
    shrink: bool = False


_RETRY = Rule(Action.RETRY, "TikTok had an internal problem; try again later.")
_THROTTLE = Rule(
    Action.THROTTLE,
    "Too many requests for this app: wait, or lower the rate if other programs share the app.",
)
_SKIP = Rule(
    Action.SKIP,
    "Check that the advertiser granted your app this permission and that the account still exists.",
)
_SANDBOX = Rule(Action.SKIP, "The sandbox does not offer this; use environment production.")
_TOKEN = Rule(
    Action.STOP,
    "Check access_token: create it anew by authorising the app if the advertiser withdrew it.",
)
_APP = Rule(
    Action.STOP,
    "Check app_id and app_secret in the TikTok for Business developer portal; an auth code works "
    "once, and for an hour.",
)
_FAIL = Rule(Action.FAIL, "TikTok does not accept this request.")
_GONE = Rule(Action.FAIL, "TikTok retired this endpoint or field; look for a newer version.")

#: Codes that say that the sandbox does not offer an endpoint.
NOT_IN_SANDBOX = frozenset((40009, 40013, 40014))
#: A code TikTok has not documented stops the run: it must never be read as "no data".
UNKNOWN = Rule(Action.FAIL, "This code is not documented.")

CODES: dict[int, Rule] = {
    0: Rule(Action.ACCEPT),
    20001: Rule(Action.ACCEPT, "Partial success."),
    **dict.fromkeys((40000, 40002, 40006, 40007, 40008, 40010, 40011, 40051, 40400), _FAIL),
    **dict.fromkeys((40001, 40003, 40117, 40118, 40119, 40125, 40130), _SKIP),
    **dict.fromkeys((40300, 40301, 40302), _SKIP),
    **dict.fromkeys(NOT_IN_SANDBOX, _SANDBOX),
    **dict.fromkeys((40016, 40100, 40132, 40133, 61000), _THROTTLE),
    **dict.fromkeys((40200, 40201, 40202), _RETRY),
    40050: dataclasses.replace(_RETRY, tries=1),
    40700: dataclasses.replace(_RETRY, tries=3),  # may also be a bad parameter
    **dict.fromkeys((40102, 40103, 40104, 40105, 40106, 40107, 40108, 40309, 70001), _TOKEN),
    **dict.fromkeys((40101, 40110, 40113, 40115, 40116, 40124), _APP),
    41000: Rule(Action.STOP, "TikTok blocks the country of this machine's IP address."),
    **dict.fromkeys((41001, 41002), _GONE),
    50000: _RETRY,
    # after a time-out TikTok asks for a smaller request (portal 1738864817670145)
    **dict.fromkeys((50002, 51010), dataclasses.replace(_RETRY, shrink=True)),
    40067: dataclasses.replace(_FAIL, advice="Too much data is asked for at once.", shrink=True),
    60001: Rule(Action.RETRY, "TikTok is under maintenance; try again later.", floor=30.0),
}
RANGES: tuple[tuple[range, Rule], ...] = (
    (range(51000, 53000), _RETRY),  # named internal services, storage
    (range(53100, 53200), _RETRY),  # serialisation
)


def rule(code: int) -> Rule:
    """The rule of a return code; `UNKNOWN` for one that no source names."""
    if code in CODES:
        return CODES[code]
    return next((found for codes, found in RANGES if code in codes), UNKNOWN)


#: The code for a parameter that TikTok does not accept.
INVALID_PARAMETER = 40002


class TapError(Exception):
    """An error that ends in one sentence for the user. Its text never holds a secret."""

    exit_code = 1


class ConfigError(TapError):
    """Settings, a catalog or a state that cannot be used; the text names what to write instead."""


class OutputError(TapError):
    """Nothing more can be written to stdout: the target has gone, or the disk is full."""


class ClosedError(TapError):
    """The Python client was used after `close`."""


class IncompleteError(TapError):
    """The run went on after errors, and is over: something that was asked for was not read."""


class ResponseError(TapError):
    """An answer that is not TikTok's envelope, or has another shape than the endpoint's."""


class TransientError(TapError):
    """A failure that another try may mend.

    Attributes:
        code: TikTok's return code, if there was an answer with one.
        floor: the shortest wait in seconds before it.
        tries: how many further tries there may be at most; None leaves it to the settings.
        timed_out: whether no answer came in time.
        request_id: TikTok's id of the request, if there was an answer with one.
    """

    def __init__(  # noqa: PLR0913 - by name
        self,
        message: str,
        *,
        code: int | None = None,
        floor: float = 0.0,
        tries: int | None = None,
        timed_out: bool = False,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.request_id = request_id
        self.floor = floor
        self.tries = tries
        self.timed_out = timed_out


class TooLargeError(TapError):
    """A request that can be divided, and should be: it timed out, or TikTok calls it too large.

    Attributes:
        cause: the error that the same request would end in, could it not be divided.
    """

    def __init__(self, cause: TapError) -> None:
        super().__init__(str(cause))
        self.cause = cause


class ThrottledError(TapError):
    """Too many requests.

    Attributes:
        wait: seconds that the server asked for, if it did.
    """

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class RestrictedError(ThrottledError):
    """Restricted again after waiting; going on would prolong it."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h: the caller may try again later


class ApiError(TapError):
    """An answer with a return code that is not success.

    Attributes:
        code: TikTok's return code.
        api_message: TikTok's own text.
        request_id: TikTok's id of the request, which its support asks for.
    """

    def __init__(self, code: int, api_message: str, request_id: str, where: str) -> None:
        self.code = code
        self.api_message = api_message
        self.request_id = request_id
        super().__init__(
            f"TikTok answered {where} with code {code}: {api_message.rstrip('.')}. "
            f"{rule(code).advice} (request_id {request_id})"
        )


class AuthError(ApiError):
    """The access token or the app is refused."""


class PermissionDeniedError(ApiError):
    """The advertiser, object or feature may not be read with this token."""


class RejectedRequestError(ApiError):
    """TikTok calls the request itself wrong."""


def from_code(code: int, message: str, request_id: str, where: str) -> TapError:
    """The exception for a code that is not success; `where` names endpoint and advertiser."""
    found = rule(code)
    if found.action is Action.RETRY:
        text = str(ApiError(code, message, request_id, where))
        return TransientError(
            text, code=code, floor=found.floor, tries=found.tries, request_id=request_id
        )
    if found.action is Action.THROTTLE:
        return ThrottledError(str(ApiError(code, message, request_id, where)))
    kind = {Action.STOP: AuthError, Action.SKIP: PermissionDeniedError}.get(
        found.action, RejectedRequestError
    )
    return kind(code, message, request_id, where)


def is_too_large(error: TapError) -> bool:
    """Whether a smaller request may succeed where this one failed."""
    if isinstance(error, TransientError):
        return error.timed_out or (error.code is not None and rule(error.code).shrink)
    if isinstance(error, RejectedRequestError):
        return rule(error.code).shrink or "too large" in error.api_message.lower()
    return False
