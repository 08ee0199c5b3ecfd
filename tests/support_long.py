"""What a quick run leaves out: long tests, and of how many cases of a test it takes one.

``make test`` takes six minutes on two cores. A test of a hundred cases tells a developer most of
what it knows with ten of them, and a walk through all situations of a session takes a minute. So a
quick run takes one case of every so many, and leaves the longest tests out; ``make long`` runs what
is left out, in the CI. No case is in neither.

A key is a file or a test below ``tests``. A number is how many cases there are to each that a quick
run takes; 0 leaves the test out. Names are the cases that it takes, or, each with a minus, those
that it leaves out. Which cases a number takes depends on the name of the test, so the tests of one
file take different ones: each dialect, say, is in some of them.

Measured with ``time.process_time`` and the time of child processes, per test.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, TypeAlias
from zlib import crc32

import pytest

Part: TypeAlias = int | tuple[str, ...]

LONG: Final[Mapping[str, Part]] = {
    # Searches take 330 s. Quick are the bugs that one finds in less than a second each.
    "testing/test_explore.py::test_walk_finds_no_violation": 0,
    "testing/test_explore.py::test_stop_ends_within_its_limits_from_every_situation": 0,
    "testing/test_explore.py::test_silence_lasts_no_longer_than_the_policy_allows": 0,
    "testing/test_explore.py::test_every_state_is_reached": 0,
    "testing/test_explore.py::test_every_row_of_the_chart_runs": 0,
    "testing/test_explore.py::test_timers_of_a_state_match_the_drawing": 0,
    "testing/test_explore.py::test_path_to_every_final_state_is_readable": 0,
    "testing/test_explore.py::test_report_has_every_figure": 0,
    "testing/test_planted.py::test_planted_bug_is_found_and_its_path_replays": (
        "-a loss while closing is ignored",
        "-progress does not count",
        "-a partial outlives its dial",
        "-a final message without a stop is accepted",
        "-a stop does not win over the ack",
        "-the guard no_retry is negated",
        "-an abort forgets the socket",
    ),
    # The kit.
    "testing/test_dialects.py::test_failing_fuzzer_prints_every_event_with_its_time": 0,
    "testing/test_dialects.py::test_own_dialect_is_explored": 0,
    "testing/test_dialects.py::test_dialect_may_encode_everything_in_bytes": 0,
    "testing/test_dialects.py::test_encoding_failure_is_a_violation_naming_the_method": 12,
    "testing/test_dialects.py::test_stateful_dialect_breaks_the_dialect_law": 2,
    "testing/test_theorem.py::test_a_planted_bug_is_found_with_a_small_schedule": (
        "-hearing: a later hearing replaces all",
        "-hearing: a later hearing replaces nothing",
        "-hearing: held finals are forgotten at a loss",
        "-positions: drops do not count",
        "-gaps: told audio is counted as confirmed",
        "-gaps: a drop is withdrawn on its own dial",
        "-outbox: more is confirmed than reported",
        "-disk: what is sent again goes behind the rest",
        "-unconfirmed: what is on disk alone is not sent again",
        "-actions: gaps are not reported",
        "-marks: the mark lies inside a held final",
        "-marks: the end of a final is proof",
        "-window: it is always open",
        "-outbox: audio of a lost dial is not sent again",
        "-kept: what is on disk too stays in memory",
        "-link: a partial outlives its dial",
    ),
    "testing/test_theorem.py::test_theorem_holds_for_an_own_dialect": 0,
    "testing/test_theorem.py::test_theorem_holds_for_an_own_policy": 0,
    "testing/test_theorem.py::test_claims_and_what_follows_from_them_occur": 0,
    "testing/test_theorem.py::test_own_dialect_is_played_with_its_sources_and_drops": 0,
    "testing/test_theorem.py::test_the_theorem_holds_for_a_backend_that_holds_nothing_back": 0,
    "testing/test_promise.py::test_every_built_in_dialect_keeps_its_promise": 6,
    "testing/test_promise.py::test_every_trait_keeps_its_promise": 10,
    "testing/test_promise.py::test_limits_of_300_s_are_rotated_through": 0,
    "testing/test_scope.py::test_the_walk_takes_any_dialect_and_names_those_of_the_basic_laws": 0,
    "testing/test_measured.py::"
    "test_nor_are_more_with_other_errors_and_edges_that_do_not_show_and_two_sources": 0,
    "testing/test_assumed.py::"
    "test_silence_that_is_assumed_was_processed_and_is_so_still_after_a_kill": 0,
    "testing/test_pytest_plugin.py::test_misuse_is_one_line": 0,
    "testing/test_pytest_plugin.py::test_a_package_that_is_missing_is_one_line": 0,
    "testing/test_pytest_plugin.py::test_a_session_under_pytest_trio": 0,
    "testing/test_pytest_plugin.py::test_a_test_without_a_loop": 0,
    "diagrams/test_diagram_machines.py::test_scxml_walks_the_same_paths": 0,
    "diagrams/test_checked_trace.py::test_a_fault_in_gate_timers_or_counts_leaves_the_model": 6,
    "diagrams/test_checked_trace.py::test_a_journal_is_a_path_of_the_model": 3,
    "diagrams/test_directives.py::test_page_is_reread_when_an_embedded_item_has_changed": 0,
    "diagrams/test_directives.py::test_a_page_is_read_again_when_a_journal_has_changed": 0,
    "diagrams/test_directives.py::test_page_is_reread_when_its_file_is_newer": 0,
    "diagrams/test_directives.py::test_paper_gets_a_plain_image": 2,
    "diagrams/test_directives.py::test_a_picture_that_cannot_be_drawn_is_a_warning_too": 0,
    # Properties.
    "properties/test_model_steps.py::"
    "test_sessions_along_the_rows_of_the_chart_are_paths_of_the_model": 0,
    "properties/test_theorem.py::test_the_theorem_for_many_schedules": 4,
    "properties/test_theorem.py::test_the_schedules_are_worth_playing": 0,
    "properties/test_theorem.py::test_session_killed_at_any_moment_is_resumed": 4,
    "properties/test_theorem.py::test_the_theorem_in_this_process": 4,
    "properties/test_every_step.py::test_laws_hold_and_session_ends_after_any_step": 6,
    "properties/test_malformed.py::test_endless_messages_cost_no_memory": 5,
    "properties/test_relay.py::test_a_relayed_frame_leaves_the_session_as_the_long_way_does": 3,
    # Sessions in virtual time.
    "e2e/test_every_fault.py::test_a_session_loses_nothing": 4,
    "e2e/test_every_fault.py::test_slow_backend_fills_the_buffer_and_every_loss_is_reported": 0,
    "e2e/test_heard.py::test_no_word_is_lost_at_a_cut_if_ends_are_exact": 6,
    "e2e/test_heard.py::test_audio_that_a_deaf_backend_takes_is_sent_again_or_a_gap": 0,
    "e2e/test_heard.py::test_every_text_of_one_dial_is_told_once": 8,
    "e2e/test_heard.py::test_ignored_source_is_a_gap": ("ignore mic after 3s-11.0",),
    "e2e/test_heard.py::test_recogniser_itself_loses_words_at_the_edges_of_its_chunks_alone": 0,
    # The core.
    "core/test_rotation.py::test_a_hundred_rotations_lose_nothing": ("-flush-100",),
    "core/test_rotation.py::test_where_all_is_proved_it_goes_on_within_the_limit_of_dials": 0,
    "core/test_attack_silence.py::test_words_give_it_another_dial_for_the_next_time": 0,
    "core/test_attack_silence.py::test_losses_cost_little_and_are_no_strikes": 0,
    "core/test_attack_silence.py::test_finishing_takes_no_longer_than_after_a_minute": 0,
    "core/test_attack_silence.py::test_a_proof_gives_it_another_dial_too": 0,
    "core/test_dialgate.py::test_no_ending_makes_a_hot_loop": 4,
    "core/test_dialgate.py::test_hours_of_the_same_ending_cause_no_hot_loop": 3,
    "core/test_sent_property.py::test_the_messages_hold_what_is_reported": 3,
    "core/test_window.py::test_a_stalled_network_costs_time_but_no_audio": 4,
    # The faces.
    "faces/test_corpus.py::test_a_script_has_the_same_journal_on_each_face": 30,
    "faces/test_corpus.py::test_what_a_kill_leaves_is_resumed_alike": 3,
    "faces/test_corpus.py::test_a_session_that_is_cancelled_in_an_event_leaves_nothing": (
        "a redirect, and no route",
    ),
    "faces/test_corpus.py::test_a_session_that_is_cancelled_between_two_events_ends_alike": (
        "a redirect, and no route",
    ),
    "faces/test_package.py::test_note_is_about_what_is_missing": 6,
    "blocking/test_interrupts.py::test_a_ctrl_c_at_any_line_loses_no_update": 0,
    "blocking/test_session.py::test_a_thousand_sessions_leave_nothing": 0,
    "blocking/test_gevent.py::test_a_microphone_is_heard_beside_other_greenlets": 0,
    "threads/test_threads.py::test_thousand_sessions_leave_no_thread_and_no_descriptor": 0,
    "asyncio/test_cancelled.py::"
    "test_two_hundred_sessions_cancelled_at_random_moments_leave_nothing": 0,
    "asyncio/test_cancelled.py::test_cancelled_at_any_time_nothing_is_left": 4,
    "asyncio/test_proxies.py::test_a_proxy_that_fails": 3,
    "asyncio/test_proxies.py::test_a_proxy_that_speaks_tls": 2,
    "asyncio/test_native.py::test_a_session_over_real_sockets": 2,
    "trio/test_session_cancelled.py::test_cancelled_at_any_time_nothing_is_left": 8,
    "trio/test_session_cancelled.py::test_cancelled_at_any_checkpoint_nothing_is_left": 4,
    "trio/test_session_secrets.py::test_no_token_ever_provided_shows_anywhere": 0,
    "trio/test_session.py::test_unread_updates_use_bounded_memory_and_lose_no_final": 0,
    "trio/test_repetition.py::test_sessions_leave_no_descriptor_and_no_task_however_they_end": 4,
    "trio/test_repetition.py::test_hundreds_of_dials_leave_no_stream_and_no_task": 0,
    "trio/test_repetition.py::test_no_source_waits_while_there_is_room_for_it": 0,
    "trio/test_session_losses.py::test_pieces_of_any_size_arrive_whole": 0,
    "trio/test_session_losses.py::test_a_frozen_server_is_noticed_in_time": 4,
    "trio/sources/test_files.py::test_an_hour_takes_an_hour_though_every_wake_up_is_late": 0,
    "trio/sources/test_files.py::test_pitch_length_and_loudness_survive_every_format": 4,
    "trio/sources/test_piped.py::test_each_format_is_recognised_and_read_whole": 4,
    "trio/sources/test_true_lengths.py::test_hundreds_of_runs_leave_no_descriptor_and_no_task": 0,
    "trio/test_shared_calls.py::test_thousand_calls_leave_no_thread_task_or_token": 0,
    "trio/test_shared_calls.py::test_token_is_renewed_before_it_expires": 0,
    "trio/test_dial.py::test_a_message_that_is_too_big": 3,
    "trio/test_session_callbacks.py::test_socket_that_does_not_go_is_abandoned_after_a_second": 0,
    # Recordings, the server, the fleet, batches, load.
    "audio/test_recording.py::test_a_thousand_openings_leave_nothing_behind": 0,
    "audio/test_recording.py::test_reported_length_is_the_length_that_is_there": 10,
    "audio/test_recording.py::test_hours_are_read_in_bounded_memory": 0,
    "audio/test_recording.py::test_joined_recordings_are_read_to_the_last_byte": 4,
    "audio/test_headered.py::test_equals_libsndfile_for_any_cut": 5,
    "audio/test_excerpt.py::test_part_is_the_audio_between_its_times": 4,
    "inspect/test_recording.py::test_a_story_without_text_counts_words_that_never_became_final": 0,
    "inspect/test_recording.py::test_every_event_and_every_message_is_a_row": 3,
    "inspect/test_recording.py::test_watermarks_states_and_dials_are_those_of_the_session": (
        "-long",
    ),
    "server/test_recognition.py::test_worker_functions_transcribe_speech": 0,
    "server/test_recognition.py::test_server_transcribes_speech": 0,  # the demo does so as well
    "server/test_recognition.py::test_missing_model_is_a_one_line_error": 0,
    "server/test_recognition.py::test_model_that_is_not_there_names_the_remedy": 0,
    "server/test_contracts_faults.py::test_words_come_all_the_same": 10,
    "server/test_contracts_faults.py::test_the_connection_ends": 10,
    "server/test_contracts_faults.py::"
    "test_audio_that_was_not_recognised_is_not_taken_for_silence": 4,
    "server/test_misreports.py::test_no_text_is_lost": 6,
    "server/test_workers.py::test_real_processes": 0,
    "server/test_claims.py::test_share_of_times_behind_the_audio_is_the_measured_one": 2,
    "server/test_claims.py::test_times_lie_as_far_behind_as_was_measured": 2,
    "server/test_faults.py::test_fault_ends_the_connection_at_its_moment": 4,
    "fleet/test_engines.py::test_law": 4,
    "fleet/test_engines.py::test_worker_that_cannot_begin": 3,
    "fleet/test_native.py::test_a_line_that_is_lost_over_real_sockets": 3,
    "fleet/test_native.py::test_sessions_over_real_sockets": 2,
    "fleet/test_memory.py::test_what_is_older_is_read_back_from_the_spool": 2,
    "batch/test_work.py::test_a_recording_that_was_left_goes_on_in_other_dialects": 0,
    "load/test_load.py::test_the_search_finds_the_capacity_of_a_backend_to_10_percent": ("5",),
    "cli/test_writers.py::test_final_that_was_saved_is_there_once_after_any_death": 4,
    "cli/test_outfile.py::test_death_at_any_call_leaves_an_old_or_a_new_content": 3,
    "cli/test_main.py::test_lost_reader_is_no_traceback": 3,
    "cli/test_main.py::test_a_full_disk_behind_stdout_is_one_line": 2,
    "cli/test_formats.py::test_any_text_comes_back_from_its_file": 4,
    "cli/test_diagram.py::test_suffix_selects_the_format": 4,
    # Real sockets and real programs.
    "e2e/test_spin.py::test_a_fault_in_the_chart_is_shown_by_a_path": 0,
    "e2e/test_spin.py::test_everything_holds_for_any_server": 0,
    "e2e/test_spin.py::test_a_gate_that_counts_less_than_a_minute_lets_too_many_through": 0,
    "e2e/test_spin.py::test_a_search_that_is_cut_short_proves_nothing": 0,
    "e2e/test_shipped.py::test_extra_is_the_advice_only_where_it_is_missing": 63,
    "e2e/test_shipped.py::test_session_works": 11,
    "e2e/test_shipped.py::test_too_few_descriptors_are_one_line": 6,
    "e2e/test_shipped.py::test_packed_program_works_without_metadata": 4,
    "e2e/test_shipped.py::test_command_with_closed_streams_works": 4,
    "e2e/test_shipped.py::test_spool_and_journal_without_fcntl_are_one_line": 2,
    "e2e/test_fleet.py::test_a_backend_that_is_killed_twice_loses_nothing_of_a_hundred_sessions": 0,
    "e2e/test_batch.py::"
    "test_workers_and_the_coordinator_are_killed_and_each_recording_is_done_once": 0,
    "e2e/test_batch.py::test_ctrl_c_finishes_what_is_under_way_and_the_same_command_goes_on": 0,
    "e2e/test_batch.py::test_two_coordinators_share_the_work": 0,
    "e2e/test_batch.py::test_a_backend_that_is_slow_and_cuts_gets_everything": 0,
    "e2e/test_batch.py::test_few_descriptors_are_enough": 0,
    "e2e/test_batch.py::test_a_backend_that_is_gone_leaves_all_open_and_says_so": 0,
    "e2e/test_batch.py::test_what_a_killed_coordinator_had_is_taken_over_by_another": 0,
    "e2e/test_out_file.py::test_final_that_was_reported_is_in_the_file_after_a_kill": 4,
    "e2e/test_out_file.py::test_file_is_whole_and_alone_at_the_end": 4,
    "e2e/test_out_file.py::test_lost_reader_does_not_stop_the_file": 0,
    "e2e/test_out_file.py::test_killed_client_and_its_successor_write_the_same_file": 0,
    "e2e/test_out_file.py::test_hangup_under_nohup_is_ignored": 0,
    "e2e/test_out_file.py::test_hangup_asks_for_the_end_as_sigterm_does": 0,
    "e2e/test_out_file.py::test_closed_stdout_and_stderr_do_not_stop_the_file": 0,
    "e2e/test_load.py::test_the_capacity_is_what_the_backend_says_of_itself": 0,
    "e2e/test_load.py::test_every_dialect_has_callers": 0,
    "e2e/test_load.py::test_faults_strike_and_lose_nothing": 0,
    "e2e/test_load.py::test_another_signal_ends_it_at_once": 0,
    "e2e/test_load.py::test_ctrl_c_ends_a_search": 0,
    "e2e/test_dialects.py": 12,
    "e2e/test_wyoming.py::test_each_dialect_gives_its_words": 4,
    "e2e/test_wyoming.py::test_audio_of_another_form_is_converted": 3,
    "e2e/test_wyoming.py::test_a_signal_lets_an_utterance_end": 4,
    "e2e/test_wyoming.py::test_many_clients_at_once": 0,
    "e2e/test_wyoming.py::test_a_second_signal_ends_it_with_clients_in_the_midst": 0,
    "e2e/test_wyoming.py::test_silence_and_an_utterance_without_audio_give_an_empty_transcript": 0,
    "e2e/test_wyoming.py::test_a_client_that_speaks_on_still_reads_its_error": 0,
    "e2e/test_wyoming.py::test_a_signal_is_an_error_for_an_utterance_that_does_not_end": 0,
    "e2e/test_wyoming.py::test_a_terminal_that_closes_lets_an_utterance_end": 0,
    "e2e/test_wyoming.py::test_a_backend_that_is_down_is_an_error_within_the_patience": 0,
    "e2e/test_wyoming.py::test_what_is_no_event_ends_that_connection_alone": 0,
    "e2e/test_blocking_interrupted.py::"
    "test_two_hundred_sessions_interrupted_at_random_moments_leave_nothing": 0,
    "e2e/test_inspector.py::test_everybody_can_read_it": ("drop-and-replay-dark-size1",),
    "e2e/test_inspector.py::test_each_instant_is_that_of_the_replay": 4,
    "e2e/test_inspector.py::test_scrubbing_costs_the_same_however_long_the_session_is": 0,
    "e2e/test_inspector.py::test_dialogs_are_readable_too": 2,
    "e2e/test_inspector.py::test_a_live_session_ends_as_its_recording": 0,
    "e2e/test_inspector.py::test_words_that_never_became_final_are_counted_and_quoted": 0,
    "e2e/test_inspector.py::test_only_what_is_seen_of_the_list_exists": 0,
    "e2e/test_inspector.py::test_light_and_dark_can_be_chosen": 0,
    "e2e/test_inspector.py::test_the_limit_of_the_buffer_is_drawn_where_the_audio_comes_near_it": 0,
    "e2e/test_inspector.py::test_a_part_that_is_lost_is_amber_and_told_in_sums": 0,
    "e2e/test_inspector.py::test_it_plays_to_the_end_and_stops": 0,
    "e2e/test_inspector.py::test_the_story_closes_with_how_it_ended": 0,
    "e2e/test_inspector.py::test_keys_of_one_letter_can_be_turned_off": 0,
    "e2e/test_inspector.py::test_each_trouble_says_where_it_lies_and_what_to_do": 0,
    "e2e/test_inspector.py::test_a_recording_does_not_part_from_itself": 0,
    "e2e/test_inspector.py::test_counts_stand_on_the_drawing": 0,
    "e2e/test_inspector.py::test_a_page_without_rows_waits": 0,
    "e2e/test_inspector.py::test_trouble_that_was_noticed_late_says_when_it_began": 0,
    "e2e/test_inspector.py::test_a_path_of_the_model_plays": 0,
    "e2e/test_microphone.py::test_10_s_of_digital_silence_are_reported": 0,
    "e2e/test_relay.py::test_minutes_of_audio_at_once_are_held_back_and_not_lost": 0,
    "e2e/test_hostile.py::test_a_server_that_closes": 5,
    "e2e/test_token_file.py::test_file_without_a_token_is_one_line": 5,
    "e2e/test_token_file.py::test_renewed_token_opens_the_line": 2,
    "e2e/test_network_hints.py::test_an_address_that_appears_ends_the_wait_for_the_next_dial": 3,
    "e2e/test_network_hints.py::test_a_session_without_hints_waits_on": 0,
    "e2e/test_networks.py::test_a_proxy_that_speaks_tls": 4,
    "e2e/test_inspect_command.py::test_nobody_else_gets_the_page_and_nothing_holds_its_address": 0,
    "e2e/test_inspect_command.py::test_a_page_outlives_the_backend_and_the_command": 0,
    "e2e/test_inspect_command.py::test_a_live_page_grows_through_an_outage_to_the_end": 0,
    "e2e/test_cli_stream.py::test_backend_logs_its_faults_and_the_stream_is_whole": 0,
    "e2e/test_cli_stream.py::test_rest_of_a_recording_has_the_times_of_the_recording": 0,
    "e2e/test_cli_stream.py::test_two_recordings_are_two_sources": 0,
    "e2e/test_cli_stream.py::test_one_signal_finishes_properly": 2,
    "e2e/test_cli_stream.py::test_the_transcript_becomes_a_file": 2,
    "e2e/test_cli_stream.py::test_a_pipe_of_raw_pcm_is_streamed": 2,
    "e2e/test_cli_stream.py::test_an_empty_pipe_is_status_1_unless_allowed": 0,
    "e2e/test_cli_stream.py::test_a_backend_whose_terminal_closes_tells_its_clients": 0,
    "e2e/test_cli_stream.py::test_start_behind_the_end_is_one_line": 0,
    "e2e/test_cli_stream.py::test_closed_stdout_is_no_traceback": 0,
    "e2e/test_cli_stream.py::test_two_signals_abort": 0,
    "e2e/test_cli_demo.py::test_backends_that_were_killed_leave_no_descriptor": 0,
    "e2e/test_cli_demo.py::test_interrupted_demo_finishes_its_transcript": 0,
    "e2e/test_cli_mic.py::test_a_second_ctrl_c_aborts": 0,
    "e2e/test_cli_mic.py::test_what_becomes_of_the_device_is_printed_and_the_session_goes_on": 0,
    "e2e/test_cli_resume.py::test_a_stream_that_completes_leaves_its_spool_empty": 0,
    "e2e/test_cli_resume.py::test_rest_of_a_recording_keeps_its_times_after_a_crash": 0,
    "e2e/test_blocked_ends.py::test_ctrl_c_ends_a_stream_whose_reader_does_not_read": 2,
    "e2e/test_interrupt.py::test_ctrl_c_ends_a_program_and_the_spool_keeps_its_audio": 2,
    "e2e/test_faults.py::test_session_returns_after_a_clean_restart": 0,
    "e2e/test_faults.py::test_stop_during_an_outage_finishes_after_it": 0,
    "e2e/test_browser.py": 0,
    # Pages of the documentation that walk and fuzz, or show sessions for minutes.
    "docs/test_pages.py::test_page_output_matches": (
        "-docs/howto/testing.md",
        "-docs/howto/dialect.md",
        "-docs/howto/policy.md",
        "-docs/explanation/failures.md",
        "-docs/howto/backend.md",
        "-docs/howto/load.md",
        "-docs/howto/diagrams.md",
        "-docs/howto/networks.md",
        "-docs/tutorial/app.md",
        "-docs/reference/cli.md",
        "-docs/howto/gladia.md",
        "-docs/howto/resume.md",
        "-docs/howto/home-assistant.md",
        "-docs/howto/push.md",
        "-docs/tutorial/thread.md",
        "-docs/howto/inspect.md",
        "-docs/howto/logging.md",
        "-docs/howto/service.md",
        "-docs/howto/notebook.md",
        "-docs/howto/fleets.md",
        "-docs/howto/batch.md",
        "-docs/howto/flux.md",
        "-docs/tutorial/blocking.md",
        "-docs/tutorial/token.md",
        "-docs/tutorial/file.md",
    ),
    # What looks at the site, which takes half a minute to build. Its parts are tested without it:
    # the links of the pages (docs/test_pages.py), and the drawings (diagrams/test_directives.py).
    "docs/test_site.py::test_every_public_name_is_described": 0,
    "docs/test_site.py::test_every_public_name_is_in_the_reference": 0,
    "docs/test_site.py::test_every_imported_name_is_in_the_reference": 0,
    "docs/test_site.py::test_undocumented_name_is_detected": 0,
    "docs/test_site.py::test_no_name_has_an_inherited_docstring": 0,
    "docs/test_site.py::test_no_request_leaves_a_page": 0,
    "docs/test_site.py::test_every_internal_link_resolves": 0,
    "docs/test_site.py::test_every_picture_has_a_text_alternative": 0,
    "docs/test_site.py::test_every_option_is_in_the_reference": 0,
    "docs/test_site.py::test_tables_match_the_machine": 0,
    # The house.
    "tools/test_mutant_machinery.py::test_every_fault_of_the_reference_client_is_found": 0,
    "tools/test_mutant_operators.py::"
    "test_every_mutant_of_the_core_is_python_and_another_program": 0,
    "bench/test_ladder.py::test_a_rung_measures_what_it_names": ("tls",),
    "bench/test_herd.py::test_a_small_herd_keeps_the_laws": 8,
    "bench/test_herd.py::test_the_committed_figures_are_those_of_the_present_core": 0,
    "simulation/test_simulation.py::test_the_driver_keeps_its_duties_for_hours": 0,
    "simulation/test_simulation.py::test_planted_bug_is_found_and_reproduced": (
        "-Session-_carry_out-carry_out_most-the client did not close",
    ),
    "simulation/test_simulation.py::test_a_seed_gives_the_same_trace": ("7",),
    "simulation/test_simulation.py::test_another_process_gives_the_same_trace": 0,
    "house/test_long.py::test_each_case_is_in_a_quick_run_or_in_a_long_one": 0,
    "house/test_long.py::test_a_case_that_is_named_exists": 0,
    "house/test_recipes.py::test_the_tests_of_a_recipe_pass": 0,
    "house/test_recipes.py::test_the_goldens_of_a_recipe_are_made_by_its_command": 0,
    "house/test_packaging.py::test_a_bare_install_explains_replays_and_draws": 6,
    "house/test_packaging.py::test_missing_extra_is_named_in_one_line": 7,
}

_TESTS: Final = Path(__file__).parent


def left_out(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Those of ``items`` that a quick run leaves out, in their order."""
    by_test: defaultdict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        by_test[key_of(item)].append(item)
    found: list[pytest.Item] = []
    for key, cases in by_test.items():
        part = LONG.get(key, LONG.get(key.partition("::")[0]))
        if part is not None:
            found += [case for i, case in enumerate(cases) if not _is_quick(part, key, cases, i)]
    return found


def key_of(item: pytest.Item) -> str:
    """The file and the test, without its class and without its case."""
    test = getattr(item, "originalname", None) or item.name
    path = item.path
    place = path.relative_to(_TESTS) if path.is_relative_to(_TESTS) else path
    return f"{place.as_posix()}::{test}"


def _is_quick(part: Part, key: str, cases: list[pytest.Item], number: int) -> bool:
    if isinstance(part, int):
        every = min(part, len(cases))
        return bool(every) and number % every == crc32(key.encode()) % every
    name = cases[number].name.partition("[")[2].removesuffix("]")
    without = {each[1:] for each in part if each.startswith("-")}
    return name not in without if without else name in part
