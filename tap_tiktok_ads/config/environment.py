"""Settings in environment variables and in a `.env` file."""

from __future__ import annotations

import json
import logging
import typing as t

from dotenv import find_dotenv
from dotenv.main import DotEnv

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.api.suggestions import closest_match
from tap_tiktok_ads.config.schema import REMOVED_SETTINGS, SETTINGS_SCHEMA, json_types
from tap_tiktok_ads.config.values import TYPE_NAMES, describe_value

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: Beginning of the environment variable of a setting.
ENVIRONMENT_PREFIX = "TAP_TIKTOK_ADS_"
_BOOLEANS = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off", ""), False),
}
#: Schemas of the settings that are not the SDK's.
OWN_SCHEMAS: Mapping[str, t.Any] = SETTINGS_SCHEMA["properties"]
#: Variables that set the log level. The first one that is set counts.
LOG_LEVEL_VARIABLES = (f"{ENVIRONMENT_PREFIX}LOGLEVEL", "LOGLEVEL")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def load_dotenv() -> None:
    """Set the environment variables of a `.env` file in the working directory or above it.

    Raises:
        ConfigError: The file cannot be read.
    """
    path = find_dotenv(usecwd=True)
    if not path:
        return
    try:
        DotEnv(path, encoding="utf-8").set_as_environment_variables()
    except UnicodeDecodeError:
        msg = f"File {path} with environment variables is not UTF-8 text. Save the file as UTF-8."
        raise ConfigError(msg) from None
    except (OSError, ValueError) as error:
        msg = (
            f"File {path} with environment variables cannot be read: "
            f"{getattr(error, 'strerror', None) or error}. Correct or remove the file."
        )
        raise ConfigError(msg) from None


def read_environment(
    environment: Mapping[str, str], schemas: Mapping[str, t.Any] = OWN_SCHEMAS
) -> dict[str, t.Any]:
    """Return the settings in environment variables.

    A removed setting is returned as text, so that the validation of the settings rejects it.

    Example:
        >>> read_environment({"TAP_TIKTOK_ADS_MAX_RETRIES": "3", "PATH": "/bin"})
        {'max_retries': 3}

    Args:
        environment: The environment variables.
        schemas: JSON Schema of each setting.

    Raises:
        ConfigError: A variable does not hold the type of its setting.
    """
    values: dict[str, t.Any] = {}
    all_schemas = {**schemas, **{name: {"type": "string"} for name in REMOVED_SETTINGS}}
    for name, schema in all_schemas.items():
        variable = ENVIRONMENT_PREFIX + name.upper()
        if variable not in environment:
            continue
        text = environment[variable].strip()
        types = json_types(schema)
        try:
            values[name] = _parse_variable(text, types)
        except ValueError as error:
            is_json = isinstance(error, json.JSONDecodeError)
            expected = TYPE_NAMES[types[0]]
            received = describe_value(text, is_secret=is_json or schema.get("secret", False))
            msg = (
                f"Environment variable {variable} must be {expected}{' in JSON' * is_json}, "
                f"got {received}."
            )
            raise ConfigError(msg) from None
    return values


def _parse_variable(text: str, types: Sequence[str]) -> t.Any:
    """Return the value of an environment variable as one of the JSON types."""
    if "integer" in types and ("string" not in types or text.isdigit()):
        return int(text)
    if "boolean" in types:
        if text.lower() not in _BOOLEANS:
            raise ValueError(text)
        return _BOOLEANS[text.lower()]
    if "object" in types or text.startswith("["):
        return json.loads(text)
    return text


def unknown_variables(
    environment: Mapping[str, str], setting_names: frozenset[str]
) -> Iterator[str]:
    """Yield a sentence about each variable that resembles a setting and is none.

    Meltano sets variables with a second underscore, such as `TAP_TIKTOK_ADS__SELECT`.

    Args:
        environment: The environment variables.
        setting_names: Names of all settings.
    """
    variables = {ENVIRONMENT_PREFIX + name.upper() for name in (*setting_names, *REMOVED_SETTINGS)}
    variables.update(LOG_LEVEL_VARIABLES)
    for variable in sorted(environment.keys() - variables):
        name = variable.removeprefix(ENVIRONMENT_PREFIX)
        if name == variable or name.startswith("_"):
            continue
        match = closest_match(name, [setting.upper() for setting in setting_names])
        hint = f"Did you mean {ENVIRONMENT_PREFIX}{match}?" if match else "Remove the variable."
        yield f"Environment variable {variable} does not name a setting. {hint}"


def check_log_level(environment: Mapping[str, str]) -> None:
    """Check the log level, which the SDK sets without a check.

    Raises:
        ConfigError: The level does not exist.
    """
    variable = next((name for name in LOG_LEVEL_VARIABLES if environment.get(name)), None)
    if variable is None:
        return
    level = environment[variable]
    if not isinstance(logging.getLevelName(level.upper()), int):
        msg = (
            f"Environment variable {variable} must be one of {', '.join(LOG_LEVELS)}, "
            f"got {describe_value(level)}."
        )
        raise ConfigError(msg)
