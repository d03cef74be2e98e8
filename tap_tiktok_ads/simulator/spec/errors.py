"""TikTok's return codes, and the error that sets the code of a response."""

from __future__ import annotations

from typing import NoReturn

PERMISSION_DENIED = 40001
INVALID_PARAMETER = 40002
UNKNOWN_TASK = 40007
RATE_LIMITED = 40100
WRONG_SECRET = 40101
MISSING_TOKEN = 40104
INVALID_TOKEN = 40105
INVALID_AUTH_CODE = 40110
UNKNOWN_APP = 40113
NOT_ALLOWLISTED = 40118
TASK_FAILED = 40200
TASK_NOT_READY = 40201
UNKNOWN_ROUTE = 40400


class ApiError(Exception):
    """Raised to respond with a code other than 0."""

    def __init__(self, code: int, message: str) -> None:
        """Set the return code and the message of the envelope."""
        super().__init__(message)
        self.code = code
        self.message = message


def reject(message: str) -> NoReturn:
    """Reject a parameter. The message starts with the name of the parameter.

    Raises:
        ApiError: Always, with code 40002.
    """
    raise ApiError(INVALID_PARAMETER, message)


def permission_denied(advertiser_id: str) -> ApiError:
    """Return the error for an advertiser that the token has no access to."""
    return ApiError(PERMISSION_DENIED, f"No permission to operate advertiser {advertiser_id}.")
