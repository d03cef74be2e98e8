"""Parameters of endpoints: their types, limits and allowed values, and the check of a request."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from .errors import reject

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Kind: TypeAlias = Literal[
    "string", "id", "date", "datetime", "integer", "boolean", "array", "object"
]

MAX_IDS = 100
TIME = "%Y-%m-%d %H:%M:%S"
LEAD_REGION = "x-lead-region"
"""Header that selects the region where TikTok stores leads."""


@dataclass(frozen=True)
class Param:
    """A parameter, or a value inside a JSON parameter.

    Attributes:
        kind: Type of the value. In a query string, arrays and objects are JSON text.
        required: True if a request must send it.
        default: Value of the parameter in a request without the parameter.
        enum: Allowed values. Empty if all values are allowed.
        low: Minimum number, or minimum length of an array.
        high: Maximum number, or maximum length of an array.
        item: Parameter that checks each item of an array.
        keys: Parameters that check the members of an object. Empty if all members are allowed.
    """

    kind: Kind = "string"
    required: bool = False
    default: Any = None
    enum: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None
    item: Param | None = None
    keys: Mapping[str, Param] = field(default_factory=dict)

    def read(self, name: str, text: str) -> Any:
        """Return the value of a text in a query string, or reject the text."""
        if self.kind in {"array", "object"}:
            try:
                value = json.loads(text)
            except ValueError:
                msg = f"{name}: Field must be set to json {self.kind}: {text[:60]!r} is no JSON."
                reject(msg)
            return self.check(name, value)
        if self.kind == "integer":
            if not re.fullmatch(r"-?\d{1,18}", text):
                reject(f"{name}: Not a valid integer.")
            return self.check(name, int(text))
        if self.kind == "boolean":
            if text not in {"true", "false"}:
                reject(f"{name}: Not a valid boolean.")
            return text == "true"
        return self.check(name, text)

    def check(self, name: str, value: Any) -> Any:
        """Return a decoded value, or reject a value that the parameter does not allow."""
        _CHECKS[self.kind](self, name, value)
        if self.enum and value not in self.enum:
            allowed = ", ".join(self.enum)
            reject(f"{name}: Invalid value {value!r}. Must be one of {allowed}.")
        return value

    def _check_string(self, name: str, value: Any) -> None:
        if not isinstance(value, str):
            reject(f"{name}: Not a valid string.")
        if not value:
            reject(f"{name}: Field may not be empty.")

    def _check_id(self, name: str, value: Any) -> None:
        if not isinstance(value, str) or not value.isdecimal():
            reject(f"{name}: Not a valid ID; IDs are strings of digits.")

    def _check_date(self, name: str, value: Any) -> None:
        try:
            parsed = date.fromisoformat(value)
        except (TypeError, ValueError):
            parsed = None
        if parsed is None or parsed.isoformat() != value:
            reject(f"{name}: Not a valid date. Expected format is YYYY-MM-DD.")

    def _check_datetime(self, name: str, value: Any) -> None:
        try:
            parsed = datetime.strptime(value, TIME).strftime(TIME)  # noqa: DTZ007
        except (TypeError, ValueError):
            parsed = None
        if parsed != value:
            msg = f"{name}: Not a valid datetime. Expected format is YYYY-MM-DD HH:MM:SS."
            reject(msg)

    def _check_integer(self, name: str, value: Any) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            reject(f"{name}: Not a valid integer.")
        if self.low is not None and value < self.low:
            reject(f"{name}: Must be greater than or equal to {self.low}.")
        if self.high is not None and value > self.high:
            reject(f"{name}: Must be less than or equal to {self.high}.")

    def _check_boolean(self, name: str, value: Any) -> None:
        if not isinstance(value, bool):
            reject(f"{name}: Not a valid boolean.")

    def _check_array(self, name: str, value: Any) -> None:
        if not isinstance(value, list):
            reject(f"{name}: Field must be set to json array.")
        if self.low is not None and len(value) < self.low:
            reject(f"{name}: Length must be at least {self.low}.")
        if self.high is not None and len(value) > self.high:
            reject(f"{name}: Length {len(value)} exceeds the maximum of {self.high}.")
        for index, item in enumerate(value):
            if self.item is not None:
                self.item.check(f"{name}[{index}]", item)

    def _check_object(self, name: str, value: Any) -> None:
        if not isinstance(value, dict):
            reject(f"{name}: Field must be set to json object.")
        _check_keys(self.keys, name, value)
        for key, inner in value.items():
            if key in self.keys:
                self.keys[key].check(f"{name}.{key}", inner)


_CHECKS: dict[str, Callable[[Param, str, Any], None]] = {
    "string": Param._check_string,  # noqa: SLF001
    "id": Param._check_id,  # noqa: SLF001
    "date": Param._check_date,  # noqa: SLF001
    "datetime": Param._check_datetime,  # noqa: SLF001
    "integer": Param._check_integer,  # noqa: SLF001
    "boolean": Param._check_boolean,  # noqa: SLF001
    "array": Param._check_array,  # noqa: SLF001
    "object": Param._check_object,  # noqa: SLF001
}


def _check_keys(keys: Mapping[str, Param], name: str, value: Mapping[str, Any]) -> None:
    """Reject unknown keys and missing required keys."""
    for key in value:
        if keys and key not in keys:
            reject(f"{name}.{key}: Unknown field.")
    for key, param in keys.items():
        if param.required and key not in value:
            reject(f"{name}.{key}: Missing data for required field.")


@dataclass(frozen=True)
class Endpoint:
    """The request that an endpoint accepts.

    Attributes:
        params: Parameters by name. A POST sends them in its JSON body.
        ignored: Parameters that TikTok accepts and ignores.
        method: HTTP method.
        needs_token: True if the header Access-Token is required.
        headers: Additional headers that are parameters. A missing header is an empty text.
    """

    params: Mapping[str, Param]
    ignored: frozenset[str] = frozenset()
    method: str = "GET"
    needs_token: bool = True
    headers: tuple[str, ...] = ()

    def read(self, raw_params: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return the checked parameters with their defaults.

        Args:
            raw_params: Texts of a query string, or values of a JSON body. None if it is invalid.

        Raises:
            ApiError: With code 40002, if a parameter is unknown, missing or invalid.
        """
        if raw_params is None:
            reject("Request body must be a JSON object with Content-Type application/json.")
        for name in raw_params:
            if name not in self.params and name not in self.ignored:
                reject(f"{name}: Unknown field.")
        values = {}
        for name, param in self.params.items():
            if name in raw_params:
                reader = param.read if self.method == "GET" else param.check
                values[name] = reader(name, raw_params[name])
            elif param.required:
                reject(f"{name}: Missing data for required field.")
            else:
                values[name] = param.default
        return values


TEXT = Param()
FLAG = Param("boolean")
MOMENT = Param("datetime")
ID = Param("id")
DAY = Param("date")
REQUIRED_TEXT = Param(required=True)
REQUIRED_DAY = Param("date", required=True)
REQUIRED_ID = Param("id", required=True)
SORT_ORDER = Param(default="DESC", enum=("ASC", "DESC"))


def strings(high: int | None = None, enum: tuple[str, ...] = ()) -> Param:
    """Return the parameter of a JSON array of strings."""
    return Param("array", high=high, item=Param(enum=enum))


def ids(high: int = MAX_IDS, *, required: bool = False) -> Param:
    """Return the parameter of a JSON array of 1 to `high` IDs."""
    return Param("array", required=required, low=1, high=high, item=ID)


def pages(max_size: int, default: int = 10) -> dict[str, Param]:
    """Return the parameters `page` and `page_size`."""
    return {
        "page": Param("integer", default=1, low=1),
        "page_size": Param("integer", default=default, low=1, high=max_size),
    }


def members(**keys: Param) -> Param:
    """Return the parameter of an optional JSON object with these members."""
    return Param("object", default={}, keys=keys)


def required_members(**keys: Param) -> Param:
    """Return the parameter of a required JSON object with these members."""
    return Param("object", required=True, keys=keys)
