"""The refusals TikTok sends inside an HTTP 200 envelope."""

from __future__ import annotations

from typing import NoReturn

PERMISSION = 40001
PARAMETER = 40002
THROTTLED = 40100
SECRET_WRONG = 40101
TOKEN_MISSING = 40104
TOKEN_WRONG = 40105
AUTH_CODE_WRONG = 40110
APP_UNKNOWN = 40113
NOT_ALLOWED = 40118
TASK_UNKNOWN = 40007
TASK_FAILED = 40200
TASK_NOT_READY = 40201
NO_ROUTE = 40400


class ApiError(Exception):
    """An answer whose envelope carries a code other than 0."""

    def __init__(self, code: int, message: str) -> None:
        """Keep the return code and the text of the envelope."""
        super().__init__(message)
        self.code = code
        self.message = message


def refuse(message: str) -> NoReturn:
    """Refuse a parameter; the message starts with its name.

    Raises:
        ApiError: Always.
    """
    raise ApiError(PARAMETER, message)


def no_permission(advertiser_id: str) -> ApiError:
    """Return the refusal of an advertiser the token was not granted."""
    return ApiError(PERMISSION, f"No permission to operate advertiser {advertiser_id}.")
