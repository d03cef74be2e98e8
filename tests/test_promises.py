"""Each promise of the pages is proven by tests.

A promise is a sentence of a page, or its beginning. The tests that prove it are below it. Whoever
changes the sentence or removes a test has to look at the other.
"""

from __future__ import annotations

import ast
import functools
import re
import typing as t
from pathlib import Path

import pytest

if t.TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parent
ROOT = TESTS.parent

#: Pages, the beginnings of their promises, and below each the tests that prove it.
TABLE = """
# SECURITY.md
**The access token** is sent in the header `Access-Token` to the configured host, and nowhere else.
    test_client::test_redirects_are_not_followed
    test_custom_streams::test_invalid_urls_are_errors
    test_hosts::test_token_is_sent_to_tiktok_hosts_only
The tap writes it to no log level, traceback, state, record, error or process list.
    test_cli::test_secrets_are_not_logged
    test_settings::test_repr_of_settings_contains_no_secret
    test_settings::test_errors_contain_no_secret
Server text that repeats the token is masked, also if it is quoted for a URL, in JSON or in base64.
    test_client::test_server_text_is_masked_and_shortened
    test_masking::test_encoded_secret_is_masked
so the URL logs of the HTTP library are off.
    test_python_api::test_log_contains_no_secret
**`~/.netrc` is never used**
    test_environment_network::test_netrc_is_never_used
**Proxies and certificate authorities** of the environment are used for every host except loopback
    test_environment_network::test_proxies_of_the_environment_are_used
    test_environment_network::test_certificates_of_the_environment_are_used
    test_environment_network::test_loopback_needs_no_proxy
**Redirects are not followed.**
    test_client::test_redirects_are_not_followed
To use another host, set `api_url`. It must be https unless the host is this machine.
    test_settings::test_invalid_setting_is_named_in_one_line
    test_settings::test_base_url
**`environment: simulator`** listens on 127.0.0.1 only.
    test_promised_behavior::test_the_simulator_listens_on_loopback
can read only the files that its lookups and schemas name.
    test_promised_behavior::test_files_that_a_config_does_not_name
It can change nothing at TikTok: a POST is sent only to endpoints that are known to read.
    test_endpoint_paths::test_writing_posts_are_rejected
    test_endpoint_paths::test_writing_gets_are_rejected
    test_custom_streams::test_invalid_urls_are_errors
a body may have 256 MiB, and a report in a file 8 GiB, also after decompression.
    test_http_limits::test_body_above_the_size_limit_is_an_error
    test_unexpected_responses::test_too_large_body_raises_response_error
    test_promised_behavior::test_limits
A compressed body may not grow more than 200 times.
    test_http_limits::test_unsafe_compressed_body_is_an_error
    test_http_limits::test_decompression_yields_small_blocks
Headers must arrive within `request_timeout`. The complete response must arrive within five times
    test_http_limits::test_deadline_of_headers_and_body
    test_http_limits::test_endless_response_times_out
Nesting is limited, records without a key are errors, and implausible totals are rejected.
    test_unexpected_responses::test_malformed_body_writes_no_record
    test_invalid_records::test_record_without_its_key_is_skipped
    test_unexpected_responses::test_impossible_page_count_raises_short_error
**Server text is escaped** before it reaches a terminal, log, table or error
    test_server_text::test_command_output_escapes_server_text
    test_masking::test_error_messages_are_escaped
    test_masking::test_warning_escapes_names_of_new_fields
    test_masking::test_error_masks_message_and_request_id
| 0 | Success: everything that the token may read was read.
    test_error_isolation::test_exit_code_is_1_after_an_error
| 1 | An error, or data that could not be read.
    damage/test_damage::test_permanent_damage_loses_no_record_silently
    test_error_isolation::test_exit_code_is_1_after_an_error
| 75 | TikTok restricts requests: try again later.
    test_errors::test_exit_code_of_a_restriction
| 143, 130 | SIGTERM or SIGINT ended the run.
    test_signals::test_hanging_worker_does_not_delay_exit
The bookmark of a stream that failed does not advance.
    damage/test_damage::test_permanent_damage_loses_no_record_silently
    test_covered_days::test_failed_window_does_not_block_other_windows
    test_error_isolation::test_skip_reads_other_advertisers_and_streams

# docs/first-run.md
`--test` reads one record of each selected stream, and exits with code 1 if one failed.
    test_cli::test_connection_test_writes_one_record_per_stream
    test_connection_check::test_result_of_each_stream

# docs/choose.md
`--select 'campaigns,ad_*,!ads.landing_page_url'` selects streams and columns.
    test_selection::test_option_overrides_the_setting
A metric that is not selected in the catalog is not requested.
    test_catalog::test_deselected_metrics_are_not_requested
    test_streams::test_unselected_metrics_are_not_requested

# docs/streams.md
`is_top_view` is true for TopView records and false for auction and reach and frequency ads
    test_topview::test_topview_spend_is_equal_at_all_levels
    test_topview::test_totals_add_up_with_or_without_topview
If the totals of an account already hold its TopView ads, no TopView records are written
    test_topview::test_totals_add_up_with_or_without_topview
    test_topview::test_topview_is_not_requested_once_included
No later run reads the day again. If you set an earlier `start_date`, the next run reads the days
    test_error_isolation::test_final_records_are_never_read_twice
    test_state::test_earlier_start_date_is_read_once
    test_covered_days::test_changed_start_reads_only_missing_days
    test_covered_days::test_earlier_start_reads_skipped_days

# docs/commands.md
`sample` sends one request of a built-in or custom stream. It sends up to five until records
    test_commands::test_sample_stops_at_the_first_page_with_records
    test_commands::test_sample_gives_up_after_five_empty_responses
Exit code 0: everything can be read. Exit code 3: permission is denied for some streams
    test_commands::test_doctor_checks_each_stream_once
    test_commands::test_doctor_reports_denied_streams
    test_commands::test_invalid_token_stops_each_command
With `--measure 0`, `plan` requests only the advertisers from TikTok.
    test_commands::test_plan_counts_the_first_pages_of_a_run
No command shows the token or the app's secret.
    test_promised_behavior::test_commands_show_no_secret
    test_commands::test_sample_masks_secrets_in_requests

# docs/errors.md
Exit code 0 means that everything the token has permission for was read.
    damage/test_damage::test_permanent_damage_loses_no_record_silently
    damage/test_damage::test_transient_damage_is_retried
    test_error_isolation::test_exit_code_is_1_after_an_error
    test_signals::test_hanging_worker_does_not_delay_exit
It is complete if the received records reach TikTok's largest count and no page
    extract/test_verification::test_list_is_re_read_until_complete
    extract/test_verification::test_unkeyed_list_is_verified_by_counts
    damage/test_damage::test_equivalent_healthy_responses_are_accepted
it is re-read up to twice, at least 30 seconds later.
    extract/test_verification::test_list_is_re_read_until_complete
    extract/test_verification::test_endpoint_is_not_re_read_after_many_incomplete_lists
    test_promised_behavior::test_limits
The bookmark does not advance, the exit code is 1, and the next run re-reads the list.
    damage/test_damage::test_permanent_damage_loses_no_record_silently
    damage/test_large_report::test_damaged_large_report_is_exact_or_retried
    test_faults::test_inconsistent_list_keeps_the_bookmark
two passes returned identical records on full pages.
    damage/test_agreement::test_total_difference_is_remembered
    damage/test_agreement::test_empty_passes_never_agree
    test_faults::test_wrong_total_is_remembered
Select the stream `sync_errors` to get a record of everything that could not be read
    test_error_isolation::test_skip_reads_other_advertisers_and_streams
    test_error_isolation::test_denied_advertiser_is_skipped
    test_advertisers::test_unread_advertiser_is_reported
is skipped with a warning, and named again at the end.
    test_promised_behavior::test_skipped_streams_are_named_at_the_end
    test_advertisers::test_unread_advertiser_is_reported
Transient errors are retried.
    test_client::test_transient_faults_lose_no_records
    test_faults::test_transient_fault_changes_no_record
Any other error ends the run with one message and exit code 1.
    test_cli::test_invalid_token_prints_one_error
    test_client::test_permanent_fault_stops_the_run
    test_error_isolation::test_fail_stops_the_run
Exit code 75 means that TikTok restricts the app's requests. The message says when
    test_errors::test_exit_code_of_a_restriction
    test_rate_limits::test_fourth_throttled_response_raises_restricted_error
never counts as "no data". A damaged response does not, either.
    test_client::test_unknown_code_is_an_error
    test_client::test_response_without_envelope_is_an_error
    test_client::test_partial_success_is_an_error
    damage/test_damage::test_permanent_damage_loses_no_record_silently
A code that is not listed here ends the run: it never counts as "no data".
    test_errors::test_unknown_code_is_an_error
    test_client::test_unknown_code_is_an_error

# docs/state.md
A run that is stopped, even in the middle, loses nothing
    test_kills::test_runs_resume_after_a_signal
    test_kills::test_runs_resume_after_the_target_stops
    test_covered_days::test_interrupted_backfill_is_complete
SIGTERM and SIGINT end a run in order: a last STATE, then exit code 143 or 130.
    test_signals::test_hanging_worker_does_not_delay_exit
    test_signals::test_signal_during_a_write_leaves_complete_lines
    test_cli::test_run_resumes_after_sigterm
A day is covered once it was read completely, at least `lookback_days` after it ended.
    singer/test_day_bookmarks::test_day_is_covered_after_lookback
    singer/test_day_bookmarks::test_days_end_in_time_zone_of_advertiser
    test_covered_days::test_gmv_max_day_is_covered_after_eleven_hours
in windows of at most 30 days (one day for reports by hour).
    test_streams::test_windows_cover_each_day_once
    test_custom::test_hourly_report_requests_single_days
So the next run re-reads them, however long the pause is.
    test_covered_days::test_late_conversions_are_read_after_a_pause
The other windows of the advertiser are covered.
    test_covered_days::test_failed_window_does_not_block_other_windows
    test_state::test_rejected_window_is_read_by_the_next_sync
A run reads the newest window of every advertiser, then the next older ones.
    test_covered_days::test_newest_first_alternates_advertisers
    test_covered_days::test_oldest_first_reads_one_advertiser_at_a_time
the next run reads the days that are still missing.
    test_covered_days::test_interrupted_backfill_is_complete
    test_kills::test_runs_resume_after_a_signal
It takes at least 3 days, and 28 if the windows are unknown
    test_lookback::test_longest_window_is_the_lookback
    test_lookback::test_denied_ad_groups_use_28_days
A fixed `start_date` is the first day: no earlier day is read.
    singer/test_day_bookmarks::test_rolling_start_goes_back_to_earliest_start
    singer/test_day_bookmarks::test_changed_start_keeps_covered_days
So you can move it later and earlier, and the runs read exactly the missing days.
    test_covered_days::test_changed_start_reads_only_missing_days
    test_covered_days::test_earlier_start_reads_skipped_days
the first day is the earliest start that any run resolved (`start_floor`). A pause or
    test_covered_days::test_rolling_start_keeps_the_days_of_a_failed_run
leaves the state unchanged.
    test_covered_days::test_full_table_keeps_the_state
    singer/test_day_bookmarks::test_full_sync_leaves_state_unchanged
If a metric is new, the log names the command
    test_state::test_newly_selected_metric_is_logged_once
    test_convert_state::test_reset_reads_a_stream_from_its_start
one record with the key and `_deleted_at`, all other columns null.
    test_tombstones::test_deleted_pixel_has_one_tombstone
    damage/test_deletions::test_damaged_list_writes_no_tombstone
    damage/test_deletions::test_capped_list_is_complete_without_tombstones
So an account that comes or goes moves no other account.
    test_shards::test_shard_holds_its_advertisers_alone
The other shards write no SCHEMA of them.
    test_shards::test_unpartitioned_streams_are_read_by_shard_1
Their lookups read the advertisers of all shards
    test_shards::test_lookup_of_an_unpartitioned_stream_reads_all_advertisers
A shard without advertisers is no error.
    test_shards::test_empty_shard_is_no_error
skips them if the token may read an advertiser of another shard.
    test_shards::test_shard_of_denied_advertisers_is_no_error
A run rejects a state with bookmarks of another shard and names one of them
    test_shards::test_state_of_another_shard_is_rejected
    singer/test_state_shards::test_shard_can_use_its_state
To change the number of shards, merge the states of the last runs and split the result
    test_shards::test_shards_read_what_one_job_reads
    singer/test_state_shards::test_merge_restores_a_split_state
    singer/test_state_shards::test_split_restores_merged_states
So `meltano state set` accepts the new file of a file that `meltano state get` wrote.
    test_state_command::test_new_files_have_the_form_of_the_old_file
`merge` names them and writes nothing.
    test_state_command::test_merge_of_different_bookmarks_writes_nothing
    singer/test_state_shards::test_different_bookmarks_are_conflicts
`metrics` become the metrics that all files of the stream have.
    singer/test_state_shards::test_merged_metrics_are_those_of_all_states
both ends included, at most ten. An empty list is written, because Meltano merges states
    extract/test_day_ranges::test_limited_keeps_longest_ranges
    singer/test_day_bookmarks::test_state_is_limited_to_ten_ranges
    test_covered_days::test_merged_states_lose_no_days
    test_promised_behavior::test_limits
Its state covers the days from `read_from` up to `lookback_days` before the bookmark.
    singer/test_day_bookmarks::test_state_of_earlier_version_is_converted
**A damaged state** does not end a run.
    test_covered_days::test_damaged_state_members_are_ignored
    singer/test_bookmarks::test_invalid_bookmark_is_ignored_with_warning
    extract/test_day_ranges::test_damaged_state_member_is_returned

# docs/rate-limits.md
The number of threads does not change the order of records, and memory does not grow
    test_covered_days::test_record_order_is_independent_of_workers
    test_lookahead::test_results_come_in_plan_order
    test_lookahead::test_large_results_are_bounded_by_the_buffer
    test_lookahead::test_consumed_results_are_released
Requests are paced five percent below it.
    test_client::test_pacing_stays_below_the_tier
    test_rate_limits::test_starts_stay_within_the_limits
    test_promised_behavior::test_limits
all threads pause: for a second, a minute, then five minutes. If TikTok still rejects
    test_rate_limits::test_pauses_are_1_60_and_300_seconds
    test_rate_limits::test_throttling_pauses_all_threads
    test_rate_limits::test_fourth_throttled_response_raises_restricted_error
A single day that is still too large is divided by campaigns. The window width that worked is kept
    test_adaptive::test_failed_window_is_halved
    test_adaptive::test_day_is_split_by_campaigns
    test_adaptive::test_later_windows_keep_the_smaller_size
Tasks do not change records, keys and bookmarks, only the order of records.
    test_report_tasks::test_async_records_equal_sync_records
The tap creates at most one task a second and 4,500 a day.
    test_rate_limits::test_endpoint_limits_match_the_documentation
After an hour it counts as failed. Tasks that are open when a run ends are canceled.
    test_report_tasks::test_overdue_task_is_canceled
    test_report_tasks::test_sigterm_cancels_open_tasks
    test_report_tasks::test_error_cancels_open_tasks
An account creates at most 500 tasks an hour. Additional tasks wait.
    test_report_tasks::test_creation_limit_is_500_per_hour_and_account
    test_report_tasks::test_creation_over_the_limit_waits_an_hour
    test_promised_behavior::test_limits
Tasks filter by `campaign_ids`, `adgroup_ids` and `ad_ids` only.
    test_report_tasks::test_topview_and_deleted_ads_have_separate_tasks
    test_report_tasks::test_unsupported_filter_is_read_synchronously
If a day differs, the tasks are repeated once. If it still differs, the window is read
    test_report_tasks::test_mismatched_task_is_retried_once
    test_report_tasks::test_repeated_mismatch_falls_back_to_sync
    test_report_tasks::test_incomplete_window_keeps_its_bookmark

# docs/numbers.md
Numbers keep every digit that TikTok sends. A fraction in an integer column becomes null
    test_casting::test_text_numbers_keep_all_digits
    test_invalid_records::test_fraction_in_integer_column_becomes_null

# docs/settings.md
Streams without primary keys always use `oldest_first`.
    test_covered_days::test_stream_without_keys_reads_ascending_days
Replace null characters in text with U+FFFD
    test_json_repair::test_invalid_text_is_replaced
    test_json_repair::test_null_characters_in_records_are_kept
Macros resolve once per run, in each advertiser's own time zone.
    test_settings::test_dates_use_the_time_zone_of_the_advertiser
    test_custom::test_rolling_dates_use_the_advertiser_time_zone
No level shows the token.
    test_cli::test_secrets_are_not_logged
A column that a record lacks counts as null in the expressions of `stream_maps`.
    test_stream_maps::test_missing_column_is_null_in_expressions

# docs/custom.md
The token goes nowhere else, and redirects are not followed.
    test_custom_streams::test_invalid_urls_are_errors
    test_client::test_redirects_are_not_followed
The tap only reads. The path of a POST must end in `get`, `list`, `info`
    test_endpoint_paths::test_reading_posts_are_accepted
    test_endpoint_paths::test_writing_posts_are_rejected
A record with a repeated key is dropped.
    test_custom_responses::test_duplicate_keys_are_counted
By default they count as damaged and are retried
    test_custom_responses::test_missing_list_is_damaged
A definition that TikTok does not support is an error before any request.
    test_custom::test_invalid_report_is_an_error

# docs/python.md
The client reads no `TAP_TIKTOK_ADS_*` variable and no `.env` file.
    test_python_api::test_client_ignores_the_environment
The records and their order equal those of a sync without state.
    test_python_api::test_records_equal_singer_records
A program that stops early closes the iterator, and no more requests are sent.
    test_python_api::test_closed_iterator_stops_requests
The iterator raises it after all records that it received
    test_python_api::test_incomplete_list_raises_incomplete_error

# docs/token.md
`token.json` (mode 600) holds
    test_commands::test_authorize_writes_the_token_file
    test_commands::test_authorize_without_advertisers_writes_nothing
"""


class Promise(t.NamedTuple):
    """The beginning of a sentence, and the tests that prove it."""

    page: str
    sentence: str
    tests: tuple[str, ...]


def read_table() -> Iterator[Promise]:
    """Yield the promises of the table."""
    for part in re.split(r"(?m)^# ", TABLE)[1:]:
        page, text = part.split("\n", 1)
        for entry in re.findall(r"(?m)^\S.*(?:\n +.*)*", text):
            sentence, *tests = entry.split("\n")
            yield Promise(page, sentence, tuple(map(str.strip, tests)))


PROMISES = list(read_table())


@functools.cache
def words_of(page: str) -> str:
    """Return the text of a page in one line."""
    return " ".join((ROOT / page).read_text("utf-8").split())


@functools.cache
def names_in(module: str) -> frozenset[str]:
    """Return the names of the tests of a module."""
    file = TESTS / f"{module}.py"
    nodes = ast.parse(file.read_text("utf-8")).body if file.exists() else []
    return frozenset(node.name for node in nodes if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("promise", PROMISES, ids=lambda one: f"{one.page}: {one.sentence[:40]}")
def test_promises(promise: Promise) -> None:
    """The page has the sentence, and the tests exist."""
    assert promise.sentence in words_of(promise.page)
    assert promise.tests
    missing = [
        test
        for test in promise.tests
        if test.partition("::")[2] not in names_in(test.partition("::")[0])
    ]
    assert not missing


def test_pages() -> None:
    """No promise is in the table twice, and each page that promises is in it."""
    assert len({promise[:2] for promise in PROMISES}) == len(PROMISES)
    assert {"SECURITY.md", "docs/errors.md"} < {promise.page for promise in PROMISES}
