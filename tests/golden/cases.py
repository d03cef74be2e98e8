"""The modules whose import adds all cases."""

from golden import (
    case_commands,
    case_completeness,
    case_definitions,
    case_files,
    case_network,
    case_rare_api,
    case_rare_commands,
    case_rare_reports,
    case_rare_runs,
    case_rare_singer,
    case_rare_streams,
    case_reports,
    case_settings,
    case_shards,
    case_shared,
)

__all__ = [
    "case_commands",
    "case_completeness",
    "case_definitions",
    "case_files",
    "case_network",
    "case_rare_api",
    "case_rare_commands",
    "case_rare_reports",
    "case_rare_runs",
    "case_rare_singer",
    "case_rare_streams",
    "case_reports",
    "case_settings",
    "case_shards",
    "case_shared",
]
