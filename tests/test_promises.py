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
    test_client::test_redirects_do_not_carry_the_token
    test_custom_streams::test_urls_that_are_refused
    test_hosts::test_token_hosts
It is in no log level, traceback, state, record, error or process list
    test_cli::test_secrets_are_not_logged
    test_settings::test_printing_the_settings_tells_no_secret
    test_settings::test_no_sentence_tells_the_token
texts of the server that repeat it are masked, also quoted for a URL, in JSON or in base64.
    test_client::test_texts_of_the_server
    test_masking::test_forms_of_a_secret
requests' own logs of URLs are therefore off.
    test_python_api::test_the_log_holds_no_secret
**`~/.netrc` is never used**
    test_environment_network::test_netrc_is_never_used
Proxies and certificate authorities of the environment are used for every host except loopback
    test_environment_network::test_proxies
    test_environment_network::test_certificates
    test_environment_network::test_no_proxy
**Redirects are not followed.**
    test_client::test_redirects_do_not_carry_the_token
`api_url` must be named to reach another one, and must be https unless it is this machine.
    test_settings::test_bad_input_is_one_sentence_that_names_the_setting
    test_settings::test_base_url
`environment: simulator` listens on 127.0.0.1 only.
    test_promised_behavior::test_the_simulator_listens_on_loopback
can read no files but those that its lookups and schemas name
    test_promised_behavior::test_files_that_a_config_does_not_name
can change nothing at TikTok: a POST is sent only to endpoints that are known to read.
    test_endpoint_paths::test_write_posts
    test_endpoint_paths::test_get_of_a_write
    test_custom_streams::test_urls_that_are_refused
a body may have 256 MiB, and a report in a file 8 GiB, also after decompression.
    test_http_limits::test_size
    test_odd_answers::test_a_body_that_never_ends
    test_promised_behavior::test_limits
A compressed body may not grow more than 200 times.
    test_http_limits::test_compressed_bodies_that_are_rejected
    test_http_limits::test_memory_of_a_compressed_body
Headers must arrive within `request_timeout`, the complete response within five of them
    test_http_limits::test_deadline
    test_http_limits::test_endless_responses
Nesting is bounded, rows without their key are errors, and totals beyond belief are refused.
    test_odd_answers::test_hostile_bodies
    test_records_fit::test_a_record_without_its_key
    test_odd_answers::test_totals_beyond_belief
**Server text is escaped** before it reaches a terminal, log, table or error
    test_server_text::test_commands
    test_masking::test_errors_are_escaped
    test_masking::test_new_fields
    test_masking::test_server_text_in_an_error
0, everything that may be read was read; 1, something was not; 75, TikTok restricts requests
    damage/test_damage::test_lasting_damage
    test_errors_told::test_exit_code
    test_errors::test_exit_codes
    test_signals::test_hanging_workers
Bookmarks of what failed do not move.
    damage/test_damage::test_lasting_damage
    test_covered_days::test_an_incomplete_window
    test_errors_told::test_going_on

# README.md
`--test` reads one record of every stream, selected or not.
    test_cli::test_connection_test
a metric that is not selected in the catalog is not asked for.
    test_catalog::test_metrics_left_out
    test_streams::test_selection_is_pushed_down
`is_top_view` is true for TopView records and false for auction and reach and frequency ads
    test_top_view::test_spend_by_buying_type
    test_top_view::test_totals_with_or_without
If the totals of an account already hold its TopView ads, no TopView records are written
    test_top_view::test_totals_with_or_without
    test_top_view::test_no_request_after_the_finding
No later run reads the day again. A `start_date` earlier than that of the runs before reads the days
    test_errors_told::test_final_rows
    test_state::test_an_earlier_start_date
    test_covered_days::test_starts_that_move
    test_covered_days::test_a_later_start_leaves_a_hole
Exit codes: 0, everything that may be read was read (streams without permission are skipped
    damage/test_damage::test_lasting_damage
    damage/test_damage::test_damage_that_ends
    test_errors_told::test_exit_code
    test_signals::test_hanging_workers
It is complete if the records that were received reach TikTok's largest count and no page
    extract/test_verification::test_list_passes
    extract/test_verification::test_list_without_key
    damage/test_damage::test_other_healthy_forms
it is re-read up to twice, at least 30 seconds later.
    extract/test_verification::test_list_passes
    extract/test_verification::test_incomplete_lists_of_an_endpoint
    test_promised_behavior::test_limits
nothing advances, the exit code is 1, and the next run re-reads the list.
    damage/test_damage::test_lasting_damage
    damage/test_large_report::test_large_report
    test_faults::test_a_listing_that_never_settles
two passes brought identical records on full pages.
    damage/test_agreement::test_difference_is_remembered
    damage/test_agreement::test_empty_passes_never_agree
    test_faults::test_a_count_that_means_something_else
Select the stream `sync_errors` to have everything that could not be read, and why, as records.
    test_errors_told::test_going_on
    test_errors_told::test_permission
    test_advertisers::test_run
Streams without primary keys always use `oldest_first`.
    test_covered_days::test_streams_without_keys
Replace null characters in text with U+FFFD
    test_json_repair::test_values
    test_json_repair::test_null_characters_in_records
They resolve once per run, in each advertiser's own time zone.
    test_settings::test_days_are_those_of_the_advertiser
    test_custom::test_a_rolling_report
`sample` makes one request of a stream, built-in or custom, and up to five while no rows come.
    test_commands::test_sample_of_each_stream
    test_commands::test_sample_without_rows
Exit code 0: all can be read; 3: some may not be; 1: the settings or the token cannot be used
    test_commands::test_doctor
    test_commands::test_doctor_tells_what_may_not_be_read
    test_commands::test_refused_token
`plan` asks TikTok for the advertisers only.
    test_commands::test_plan_counts_what_a_run_asks_for
None of them shows the token or the app's secret.
    test_promised_behavior::test_commands_show_no_secret
    test_commands::test_sample_masks_secrets_in_requests
A run that is stopped, even in the middle, loses nothing
    test_kills::test_a_process_that_is_killed
    test_kills::test_a_target_that_dies
    test_covered_days::test_a_backfill_that_is_killed
SIGTERM and SIGINT end a run in order: a last STATE, then exit code 143 or 130.
    test_signals::test_hanging_workers
    test_signals::test_slow_target
    test_cli::test_sigterm_and_resume
rows come out in the same order however many are under way, and memory does not grow
    test_covered_days::test_any_number_of_workers
    test_lookahead::test_order_is_that_of_one_after_the_other
    test_lookahead::test_heavy_results_are_fewer
    test_lookahead::test_consumed_results_are_let_go
is skipped with a warning, and named again at the end.
    test_promised_behavior::test_skipped_streams_are_named_at_the_end
    test_advertisers::test_run
Transient errors are retried.
    test_client::test_passing_faults_are_survived
    test_faults::test_what_passes
Any other error ends the run with one sentence and exit code 1.
    test_cli::test_token_refused
    test_client::test_lasting_fault_is_reported
    test_errors_told::test_ending
Exit code 75 means that TikTok restricts the app's requests; the message says when to try again.
    test_errors::test_exit_codes
    test_rate_limits::test_the_fourth_refusal_in_a_row_ends_the_run
is never taken for "no data", and a damaged response is not, either.
    test_client::test_unknown_code_is_an_error
    test_client::test_odd_answers
    test_client::test_partial_success
    damage/test_damage::test_lasting_damage

# docs/errors.md
A code that is not listed here ends the run: it is never taken for "no data".
    test_errors::test_unknown_code_fails
    test_client::test_unknown_code_is_an_error

# docs/state.md
A day is covered once it was read completely, at least `lookback_days` after it ended.
    singer/test_day_bookmarks::test_settled_days
    singer/test_day_bookmarks::test_zone_of_the_account
    test_covered_days::test_late_numbers
in windows of at most 30 days (one day for hours).
    test_streams::test_windows_cover_the_range_once
    test_custom::test_reports_by_hour
So the next run re-reads them, however long the pause is.
    test_covered_days::test_a_pause_and_a_late_conversion
The other windows of the advertiser are covered.
    test_covered_days::test_an_incomplete_window
    test_state::test_refusal_of_one_window
A run reads the newest window of every advertiser, then the next older ones.
    test_covered_days::test_newest_first
    test_covered_days::test_oldest_first
the next run reads the days that are still missing.
    test_covered_days::test_a_backfill_that_is_killed
    test_kills::test_a_process_that_is_killed
at least 3 days, and 28 where they do not tell
    test_lookback::test_days
    test_lookback::test_unreadable_ad_groups
A fixed `start_date` is a floor: no day before it is read.
    singer/test_day_bookmarks::test_start
    singer/test_day_bookmarks::test_a_later_and_an_earlier_start
so a later start and an earlier one again read exactly what is missing.
    test_covered_days::test_starts_that_move
    test_covered_days::test_a_later_start_leaves_a_hole
the floor is the earliest start that any run resolved (`start_floor`). A pause or
    test_covered_days::test_a_macro_goes_back_to_its_earliest_start
leaves the state as it is.
    test_covered_days::test_a_full_read
    singer/test_day_bookmarks::test_a_full_read
If a metric is new, the log names the command
    test_state::test_newly_selected_metrics
    test_convert_state::test_reset
one row with the key and `_deleted_at`, all other columns null.
    test_tombstones::test_pixels
    damage/test_deletions::test_no_false_tombstone
    damage/test_deletions::test_capped_list
both ends included, at most ten. An empty list is written, because Meltano merges states
    extract/test_day_ranges::test_limited
    singer/test_day_bookmarks::test_many_holes
    test_covered_days::test_merged_states
    test_promised_behavior::test_limits
Its state covers the days from `read_from` up to `lookback_days` before the bookmark.
    singer/test_day_bookmarks::test_an_earlier_version
**A damaged state** does not end a run.
    test_covered_days::test_a_damaged_state
    singer/test_bookmarks::test_bad_bookmark
    extract/test_day_ranges::test_damaged_state

# docs/rate-limits.md
Requests are paced five percent below it.
    test_client::test_paced_below_the_tier
    test_rate_limits::test_no_second_or_minute_has_more_starts_than_allowed
    test_promised_behavior::test_limits
all threads wait together: a second, a minute, five minutes; then the run ends with exit code 75.
    test_rate_limits::test_pauses_grow
    test_rate_limits::test_all_threads_pause_together
    test_rate_limits::test_the_fourth_refusal_in_a_row_ends_the_run
is halved down to single days, then divided by campaigns, and the width that worked is kept
    test_adaptive::test_windows_are_halved
    test_adaptive::test_a_day_is_divided_by_campaigns
    test_adaptive::test_the_width_that_worked_is_kept
Records, keys and bookmarks are the same; their order is not.
    test_report_tasks::test_rows_are_the_same
the tap creates one a second, 4,500 a day at most.
    test_rate_limits::test_limits_of_endpoints_are_those_of_the_sheet
after an hour it is an error. Tasks that are open when a run ends are cancelled.
    test_report_tasks::test_waits_end
    test_report_tasks::test_sigterm_cancels
    test_report_tasks::test_an_error_cancels
An account creates at most 500 tasks an hour; a further one waits.
    test_report_tasks::test_creations_per_hour
    test_report_tasks::test_a_creation_waits
    test_promised_behavior::test_limits
They filter by `campaign_ids`, `adgroup_ids` and `ad_ids` only.
    test_report_tasks::test_filters_of_tasks
    test_report_tasks::test_reports_by_other_filters
If a day differs, the tasks are repeated once. If it still differs, the window is read
    test_report_tasks::test_a_file_that_differs_is_made_once_more
    test_report_tasks::test_files_that_keep_differing
    test_report_tasks::test_an_incomplete_window

# docs/numbers.md
Numbers keep every digit that TikTok sends.
    test_casting::test_numbers_equal_what_was_sent
    test_records_fit::test_a_fraction_in_an_integer_column

# docs/settings.md
and the token in no level.
    test_cli::test_secrets_are_not_logged
A column that a record lacks counts as null in the expressions of `stream_maps`.
    test_stream_maps::test_a_missing_column

# docs/custom.md
the token goes nowhere else, and redirects are not followed.
    test_custom_streams::test_urls_that_are_refused
    test_client::test_redirects_do_not_carry_the_token
A tap only reads: the path of a POST must end in `get`, `list`, `info`
    test_endpoint_paths::test_read_posts
    test_endpoint_paths::test_write_posts
a row whose key came before is dropped.
    test_custom_answers::test_rows_with_the_same_key
By default they count as damaged and are retried
    test_custom_answers::test_missing_records
What TikTok is known to rule out is refused before any request.
    test_custom::test_reports_that_tiktok_rules_out

# docs/python.md
The client reads no `TAP_TIKTOK_ADS_*` variable and no `.env` file.
    test_python_api::test_the_environment_is_not_read
The records and their order equal those of a sync without state.
    test_python_api::test_records_equal_those_of_the_tap
A program that stops early closes the iterator, and no more requests are sent.
    test_python_api::test_an_abandoned_iterator
The iterator raises it after all records that it received
    test_python_api::test_an_incomplete_list

# docs/token.md
`token.json` (mode 600) holds
    test_commands::test_authorize
    test_commands::test_authorize_without_an_advertiser
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
    assert {"SECURITY.md", "README.md"} < {promise.page for promise in PROMISES}
