"""WHEN: the states of a session and every transition between them. No code.

This declaration is the only source of control flow. ``table`` compiles it into the rows that
every session runs; python-statemachine checks it, draws it and, in the tests, interprets it
beside the table. Guards and actions are names of methods of ``Actions``.

Both use one small semantics. An input is stored in ``Actions`` first, with its verdict; then
one event without arguments is fired. The rows of (state, event) are tried in the order in
which they stand here, and the first whose guard holds runs: exit, on, (the state changes,)
enter; an internal row runs ``on`` alone. Without a row the event is late or the request
impossible, and nothing changes.

Reading order: a line is opened (idle → authorizing → connecting → awaiting_ack →
streaming), kept (streaming), replaced before its end (draining), lost and tried again
(reconnecting), finished (finishing → closing → closed) or given up (failed).
"""

from __future__ import annotations

from typing import Any

from statemachine import State, StateChart


class Chart(StateChart[Any]):
    """The life of one session over any number of sockets."""

    allow_event_without_transition = False
    catch_errors_as_events = False
    enable_self_transition_entries = False
    atomic_configuration_update = True

    idle = State(initial=True)
    authorizing = State(enter="request_credential", exit="disarm_state_timers")
    connecting = State(enter="open_socket", exit="disarm_state_timers")
    awaiting_ack = State(enter="await_ack", exit="disarm_state_timers")
    streaming = State(enter=["await_stable", "await_rotation"], exit="disarm_state_timers")
    draining = State(enter="begin_drain", exit="disarm_state_timers")
    reconnecting = State(enter="await_retry", exit="disarm_state_timers")
    finishing = State()
    closing = State(enter="close_socket", exit="disarm_state_timers")
    closed = State(final=True, enter="report_end")
    failed = State(final=True, enter="report_end")

    # The line is opened.
    open_requested = idle.to(authorizing, cond="needs_credential", on="start_clocks") | idle.to(
        connecting, on="start_clocks"
    )
    credential_ready = (
        authorizing.to(failed, cond="no_retry")
        | authorizing.to(connecting, cond="gate_open", on="note_credential")
        | authorizing.to(reconnecting, on="note_credential")
    )
    credential_failed = authorizing.to(failed, cond="no_retry") | authorizing.to(
        reconnecting, on="count_loss"
    )
    redirected = (
        connecting.to(failed, cond="no_retry")
        | connecting.to(
            connecting, internal=True, cond="gate_open", on=["note_redirect", "follow_redirect"]
        )
        | connecting.to(reconnecting, on=["note_redirect", "leave_dial"])
    )
    redirect_refused = connecting.to(failed, cond="no_retry") | connecting.to(
        reconnecting, on=["end_dial", "count_loss"]
    )
    socket_opened = (
        connecting.to(finishing, cond="opens_stopped", on=["note_opened", "open_line"])
        | connecting.to(streaming, cond="opens_now", on=["note_opened", "open_line"])
        | connecting.to(awaiting_ack, on="note_opened")
    )
    settle_due = (
        awaiting_ack.to(finishing, cond="opens_stopped", on="open_line")
        | awaiting_ack.to(streaming, cond="opens_now", on="open_line")
        | awaiting_ack.to(awaiting_ack, internal=True, on="request_start")
    )
    acked = (
        awaiting_ack.to(awaiting_ack, internal=True, cond="greeting_goes_first", on="take_greeting")
        | awaiting_ack.to(awaiting_ack, internal=True, cond="start_unsent", on="count_late")
        | awaiting_ack.to(finishing, cond="stopping", on="open_line")
        | awaiting_ack.to(streaming, on="open_line")
        | streaming.to(streaming, internal=True, on="report_status")
        | draining.to(draining, internal=True, on="report_status")
        | finishing.to(finishing, internal=True, on="report_status")
    )

    # The line is kept.
    status = (
        awaiting_ack.to(awaiting_ack, internal=True, on="report_status")
        | streaming.to(streaming, internal=True, on="report_status")
        | draining.to(draining, internal=True, on="report_status")
        | finishing.to(finishing, internal=True, on="report_status")
    )
    backend_error = (
        awaiting_ack.to(awaiting_ack, internal=True, on="note_backend_error")
        | streaming.to(streaming, internal=True, on="note_backend_error")
        | draining.to(draining, internal=True, on="note_backend_error")
        | finishing.to(finishing, internal=True, on="note_backend_error")
    )
    transcript = (
        awaiting_ack.to(awaiting_ack, internal=True, on="miss_words")
        | streaming.to(streaming, internal=True, on=["take_words", "look_for_pause"])
        | draining.to(draining, internal=True, on=["take_words", "look_for_end_of_drain"])
        | finishing.to(finishing, internal=True, on="take_words")
        | closing.to(closing, internal=True, on="take_last_words")
    )
    proved = (
        streaming.to(streaming, internal=True, on=["take_proof", "look_for_pause"])
        | draining.to(draining, internal=True, on=["take_proof", "look_for_end_of_drain"])
        | finishing.to(finishing, internal=True, on="take_proof")
    )
    ignored = (
        streaming.to(streaming, internal=True, on="lose_audio")
        | draining.to(draining, internal=True, on=["lose_audio", "look_for_end_of_drain"])
        | finishing.to(finishing, internal=True, on="lose_audio")
    )
    metrics = (
        streaming.to(streaming, internal=True, on="take_metrics")
        | draining.to(draining, internal=True, on=["take_metrics", "look_for_end_of_drain"])
        | finishing.to(finishing, internal=True, on="take_metrics")
    )
    insight = (
        streaming.to(streaming, internal=True, on="take_insight")
        | draining.to(draining, internal=True, on="take_insight")
        | finishing.to(finishing, internal=True, on="take_insight")
    )
    ping_due = (
        streaming.to(streaming, internal=True, on="request_ping")
        | draining.to(draining, internal=True, on="request_ping")
        | finishing.to(finishing, internal=True, on="request_ping")
    )
    pong = (
        streaming.to(streaming, internal=True, on="note_pong")
        | draining.to(draining, internal=True, on=["note_pong", "look_for_end_of_drain"])
        | finishing.to(finishing, internal=True, on="note_pong")
    )
    stable_due = streaming.to(streaming, internal=True, on="note_stable")

    # The line is replaced by the next dial, before its end.
    expiring = (
        awaiting_ack.to(awaiting_ack, internal=True, on="note_expiry")
        | streaming.to(streaming, internal=True, on=["note_expiry", "await_rotation"])
        | draining.to(draining, internal=True, on="note_expiry")
        | finishing.to(finishing, internal=True, on="note_expiry")
    )
    rotate_due = streaming.to(draining, cond="may_rotate") | streaming.to(
        streaming, internal=True, on="put_off_rotation"
    )
    drain_due = draining.to(draining, internal=True, on="end_drain")

    # The line is lost: dialled again until a limit is reached.
    socket_lost = (
        closing.to(closed)
        | finishing.to(closed, cond="all_delivered")
        | draining.to(closed, cond="nothing_left")
        | failed.from_(connecting, awaiting_ack, streaming, draining, finishing, cond="no_retry")
        | draining.to(authorizing, cond="renews_with_credential", on=["end_dial", "renew"])
        | draining.to(connecting, cond="renews", on=["end_dial", "renew"])
        | reconnecting.from_(
            connecting, awaiting_ack, streaming, draining, finishing, on=["end_dial", "count_loss"]
        )
    )
    timed_out = (
        closing.to(closed, on="abort_socket")
        | authorizing.to(failed, cond="no_retry", on="cancel_credential")
        | authorizing.to(reconnecting, on=["cancel_credential", "count_loss"])
        | finishing.to(closed, cond="all_delivered", on="abort_socket")
        | draining.to(closed, cond="nothing_left", on="abort_socket")
        | failed.from_(
            connecting,
            awaiting_ack,
            streaming,
            draining,
            finishing,
            cond="no_retry",
            on="abort_socket",
        )
        | draining.to(
            authorizing, cond="renews_with_credential", on=["abort_socket", "end_dial", "renew"]
        )
        | draining.to(connecting, cond="renews", on=["abort_socket", "end_dial", "renew"])
        | reconnecting.from_(
            connecting,
            awaiting_ack,
            streaming,
            draining,
            finishing,
            on=["abort_socket", "end_dial", "count_loss"],
        )
    )
    refused = (
        finishing.to(closed, cond="all_delivered", on="abort_socket")
        | draining.to(closed, cond="nothing_left", on="abort_socket")
        | failed.from_(
            awaiting_ack, streaming, draining, finishing, cond="no_retry", on="abort_socket"
        )
        | draining.to(
            authorizing, cond="renews_with_credential", on=["abort_socket", "end_dial", "renew"]
        )
        | draining.to(connecting, cond="renews", on=["abort_socket", "end_dial", "renew"])
        | reconnecting.from_(
            awaiting_ack,
            streaming,
            draining,
            finishing,
            on=["abort_socket", "end_dial", "count_loss"],
        )
    )
    retry_due = reconnecting.to(authorizing, cond="needs_credential") | reconnecting.to(connecting)
    network_restored = (
        reconnecting.to(reconnecting, internal=True, cond="network_hint_applies", on="retry_early")
        | streaming.to(streaming, internal=True, on="request_ping")
        | draining.to(draining, internal=True, on="request_ping")
        | finishing.to(finishing, internal=True, on="request_ping")
    )
    # In reconnecting neither GIVE_UP nor FINISH comes first: the retry is planned before both.
    give_up_due = authorizing.to(failed, on="cancel_credential") | failed.from_(
        connecting, awaiting_ack, on="abort_socket"
    )

    # The line is finished: stopping wins every race.
    stop_requested = (
        idle.to(closed)
        | authorizing.to(closed, cond="all_delivered", on="cancel_credential")
        | closed.from_(connecting, awaiting_ack, cond="all_delivered", on="abort_socket")
        | reconnecting.to(closed, cond="all_delivered")
        | reconnecting.to(failed, cond="retry_too_late", on=["note_stop", "give_up_finishing"])
        | streaming.to(finishing, on="note_stop")
        | draining.to(finishing, cond="line_usable", on=["note_stop", "stay"])
        | draining.to(draining, internal=True, on="note_stop")
        | authorizing.to(authorizing, internal=True, on="note_stop")
        | connecting.to(connecting, internal=True, on="note_stop")
        | awaiting_ack.to(awaiting_ack, internal=True, on="note_stop")
        | reconnecting.to(reconnecting, internal=True, on=["note_stop", "bring_retry_forward"])
        | finishing.to(finishing, internal=True)
        | closing.to(closing, internal=True)
    )
    final_message = (
        finishing.to(closing, cond="stop_sent", on="take_summary")
        | draining.to(
            draining, internal=True, cond="awaits_final", on=["take_drain_summary", "end_drain"]
        )
        | draining.to(draining, internal=True, cond="stop_sent", on="take_drain_summary")
    )
    quiet_due = finishing.to(closing, on="assume_rest")
    finish_due = (
        closed.from_(draining, finishing, cond="all_delivered", on="abort_socket")
        | authorizing.to(failed, on="cancel_credential")
        | failed.from_(connecting, awaiting_ack, draining, finishing, on="abort_socket")
    )
    abort_requested = (
        closed.from_(idle, reconnecting, on="note_abort")
        | authorizing.to(closed, on=["note_abort", "cancel_credential"])
        | closed.from_(
            connecting,
            awaiting_ack,
            streaming,
            draining,
            finishing,
            closing,
            on=["note_abort", "abort_socket"],
        )
    )
