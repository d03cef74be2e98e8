"""The error and the advice for each return code of TikTok."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.api.errors import Action

#: The table of the fact sheet, section 2.4: codes by what to do about them.
SHEET: dict[Action, tuple[int, ...]] = {
    Action.ACCEPT: (0,),
    Action.DAMAGED: (20001,),  # the fact sheet accepts it for requests that write
    Action.FAIL: (
        *(40000, 40002),  # bad parameters
        *(40006, 40010, 40051),  # version or domain
        *(40007, 40008),  # object or endpoint does not exist
        40011,  # too many ids
        40400,  # route not found
        *(41001, 41002),  # offline
    ),
    Action.SKIP: (
        *(40001, 40003),  # no permission on the object
        *(40009, 40013, 40014),  # not in the sandbox
        *(40117, 40118, 40119, 40125, 40130),  # the app, a feature or a scope lacks permission
        *(40300, 40301, 40302),  # advertiser missing, deleted, mismatched
    ),
    Action.STOP: (
        *(40101, 40110, 40113, 40115, 40116),  # app id, secret, auth code
        *(40102, 40104, 40105, 40106),  # access token
        *(40103, 40107, 40108),  # refresh token
        40124,  # developer profile
        40309,  # login required
        41000,  # country of the IP address
        70001,  # business auth type
    ),
    Action.THROTTLE: (40016, 40100, 40132, 40133, 61000),
    Action.RETRY: (
        40050,
        *(40200, 40201, 40202),
        40700,
        *(50000, 50002),
        *(51000, 51001, 51003, 51010, 51012, 51067, 51099, 51305),
        *(52000, 52001, 52204),
        *(53102, 53103),
        60001,
    ),
}
CASES = [(code, action) for action, codes in SHEET.items() for code in codes]
FAILURES = [(code, action) for code, action in CASES if action is not Action.ACCEPT]
KINDS: dict[Action, type[errors.TapError]] = {
    Action.FAIL: errors.RejectedRequestError,
    Action.SKIP: errors.PermissionDeniedError,
    Action.STOP: errors.AuthError,
    Action.THROTTLE: errors.ThrottledError,
    Action.RETRY: errors.TransientError,
    Action.DAMAGED: errors.DamagedResponseError,
}
WHERE = "/campaign/get/ for advertiser 7000000000001"
REQUEST_ID = "2026112208304501"


@pytest.mark.parametrize(("code", "action"), CASES)
def test_documented_code_has_its_action(code: int, action: Action) -> None:
    """Every documented code has the action of the fact sheet."""
    assert errors.rule(code).action is action


@pytest.mark.parametrize(
    "code",
    [
        *(-1, 1, 200, 404, 20000, 20002, 39999, 40004, 40099, 40134, 40303, 40900, 40916),
        *(41003, 49999, 50001, 50003, 50999, 53000, 53099, 53200, 60000, 60002, 61001, 70000),
    ],
)
def test_unknown_code_is_an_error(code: int) -> None:
    """An undocumented code stops the run with an error. It never means "no data"."""
    assert errors.rule(code).action is Action.FAIL
    error = errors.from_code(code, "Something", REQUEST_ID, WHERE)
    assert isinstance(error, errors.RejectedRequestError)
    assert "not documented" in str(error)


@given(code=st.integers())
def test_only_code_0_is_success(code: int) -> None:
    """Only code 0 is a success."""
    assert (errors.rule(code).action is Action.ACCEPT) == (code == 0)


@pytest.mark.parametrize(("code", "action"), FAILURES)
def test_exception_class_follows_the_action(code: int, action: Action) -> None:
    """The exception of a code has exactly the class of its action."""
    error = errors.from_code(code, "Something", REQUEST_ID, WHERE)
    assert [kind for kind in KINDS.values() if isinstance(error, kind)][-1] is KINDS[action]
    assert not isinstance(error, errors.RestrictedError)
    assert isinstance(error, errors.TapError)


@pytest.mark.parametrize(("code", "action"), [*FAILURES, (49999, Action.FAIL)])
def test_message_has_cause_place_and_advice(code: int, action: Action) -> None:
    """A message has the code, TikTok's text, endpoint, advertiser, request_id and advice."""
    text = str(errors.from_code(code, "Text of TikTok.", REQUEST_ID, WHERE))
    for fragment in (f"code {code}", "Text of TikTok", WHERE, REQUEST_ID, errors.rule(code).advice):
        assert fragment in text
    assert errors.rule(code).advice, action
    assert ".." not in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("The advertiser 701 doesn't exist or has been deleted.", errors.PermissionDeniedError),
        ("The advertiser does not exist.", errors.PermissionDeniedError),
        ("Advertiser 701 has been suspended", errors.PermissionDeniedError),
        ("This ad account has been punished.", errors.PermissionDeniedError),
        ("The advertiser account 701 is disabled", errors.PermissionDeniedError),
        ("advertiser_id: Missing data for required field.", errors.RejectedRequestError),
        ("advertiser_ids: advertiser does not exist", errors.RejectedRequestError),
        ("advertiser_id does not exist in the request", errors.RejectedRequestError),
        ("The advertiser field deleted is invalid", errors.RejectedRequestError),
        ("Advertiser 701 does not support this parameter", errors.RejectedRequestError),
        ("The pixel of the advertiser has been deleted", errors.RejectedRequestError),
        ("The campaign 5 doesn't exist or has been deleted.", errors.RejectedRequestError),
        ("page_size: must be between 1 and 100", errors.RejectedRequestError),
        ("", errors.RejectedRequestError),
    ],
)
def test_code_40002_about_a_deleted_account(message: str, kind: type[errors.ApiError]) -> None:
    """Code 40002 about a deleted or punished account is a missing permission."""
    error = errors.from_code(40002, message, REQUEST_ID, WHERE)
    assert type(error) is kind
    is_permission = kind is errors.PermissionDeniedError
    assert ("account still exists" in str(error)) is is_permission


def test_api_error_has_code_text_and_request_id() -> None:
    """An exception has the code, TikTok's text and the request_id."""
    error = errors.from_code(40001, "No permission", REQUEST_ID, WHERE)
    assert isinstance(error, errors.ApiError)
    assert (error.code, error.api_message, error.request_id) == (
        40001,
        "No permission",
        REQUEST_ID,
    )


def test_maintenance_waits_longer() -> None:
    """Maintenance has a long minimum wait. An internal error has a short one."""
    maintenance = errors.from_code(60001, "Maintenance", REQUEST_ID, WHERE)
    internal = errors.from_code(50000, "System error", REQUEST_ID, WHERE)
    assert isinstance(maintenance, errors.TransientError)
    assert isinstance(internal, errors.TransientError)
    assert (maintenance.code, internal.code) == (60001, 50000)
    assert maintenance.min_wait_seconds >= 30 > internal.min_wait_seconds


@pytest.mark.parametrize(
    ("code", "word"),
    [
        pytest.param(40105, "access_token", id="token"),
        pytest.param(40110, "app_id", id="app"),
        pytest.param(40014, "production", id="sandbox"),
        pytest.param(40001, "permission", id="permission"),
        pytest.param(41000, "another country", id="country"),
        pytest.param(40100, "requests_per_second", id="rate limit"),
        pytest.param(41001, "newer version", id="retired"),
    ],
)
def test_advice_names_what_to_change(code: int, word: str) -> None:
    """The advice names the setting or permission to check."""
    assert word in str(errors.from_code(code, "Something", REQUEST_ID, WHERE))


def test_blocked_country_code() -> None:
    """Code -1 about a blocked country stops the run like code 41000."""
    message = "Client IP address is in banned Country list."
    error = errors.from_code(-1, message, REQUEST_ID, WHERE)
    assert isinstance(error, errors.AuthError)
    assert "code -1: Client IP address is in banned Country list. TikTok blocks" in str(error)
    assert errors.rule(-1, message) is errors.rule(41000)


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        pytest.param(errors.ConfigError("x"), 1, id="config"),
        pytest.param(errors.ResponseError("x"), 1, id="response"),
        pytest.param(errors.from_code(40105, "x", "y", "z"), 1, id="auth"),
        pytest.param(errors.TransientError("x"), 1, id="transient"),
        pytest.param(errors.ThrottledError("x"), 1, id="throttled"),
        pytest.param(errors.RestrictedError("x"), 75, id="restricted"),
    ],
)
def test_exit_code_of_a_restriction(error: errors.TapError, exit_code: int) -> None:
    """Only a restriction exits with 75, so that the caller runs the tap later."""
    assert error.exit_code == exit_code


def test_facts_leave_out_the_advice() -> None:
    """The facts of an error are its text without the next step, for lines about retries."""
    rejected = errors.from_code(40067, "Too much.", "r1", "/ad/get/")
    transient = errors.from_code(50000, "Down.", "r1", "/ad/get/")
    for error, code in ((rejected, 40067), (transient, 50000)):
        assert errors.rule(code).advice in str(error)
        assert error.facts == str(error).replace(f" {errors.rule(code).advice}", "")
    assert errors.ConfigError("Set a.").facts == "Set a."
