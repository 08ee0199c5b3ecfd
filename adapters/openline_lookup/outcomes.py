"""Why a session ended or waits, in the words that it prints itself: what they mean and what to do.

The verdict table rules on endings of the line (``endings``). These sentences are about the session:
it gave up, it was not done in time, some audio is missing. The cause often stands behind them.
"""

from __future__ import annotations

from typing import Final

from openline.reconnect.verdicts import Action
from openline_lookup.endings import Explanation

_OVER: Final = "the session is over, and dials no more"
_POLICY: Final = "Policy"
_RESULT: Final = "Ended"


def _outcome(text: str, action: Action, why: str, does: str, source: str) -> Explanation:
    return Explanation(
        group="outcome",
        title=f'"{text}"',
        when="",
        action=action,
        why=why,
        does=does,
        source=source,
        strike=False,
    )


#: By the printed text, or the part of it that is always the same.
OUTCOMES: Final = {
    text: _outcome(text, action, why, does, source)
    for text, action, why, does, source in (
        (
            "gave up after",
            Action.FATAL,
            "there were as many retries as max_attempts allows, and no progress",
            f"{_OVER}; with a spool, openline resume can finish it",
            f"{_POLICY}.max_attempts",
        ),
        (
            "gave up, a retry would come too late",
            Action.FATAL,
            "the next dial would go out later than give_up_after seconds after the first loss",
            f"{_OVER}; with a spool, openline resume can finish it",
            f"{_POLICY}.give_up_after",
        ),
        (
            "gave up in time",
            Action.FATAL,
            "give_up_after seconds passed since the first loss, and there is no line",
            f"{_OVER}; with a spool, openline resume can finish it",
            f"{_POLICY}.give_up_after",
        ),
        (
            "could not finish in time",
            Action.FATAL,
            "the session was to stop, and by its limit not all audio and words had come through",
            f"{_OVER}; what was not delivered is a gap",
            _POLICY,
        ),
        (
            "waiting, so as not to dial too often",
            Action.RETRY,
            "nothing was lost: dials are limited to dials_per_minute",
            "dials as soon as the limit allows it",
            f"{_POLICY}.dials_per_minute",
        ),
        (
            "dials are limited to",
            Action.RETRY,
            "the backoff would allow an earlier dial, and dials_per_minute does not",
            "dials as soon as the limit allows it",
            f"{_POLICY}.dials_per_minute",
        ),
        (
            "the provider gave the refused token again",
            Action.FATAL,
            "the backend refused a token, and the provider gave the same one for a fresh one",
            f"{_OVER}; have the provider fetch a new token",
            "credentials",
        ),
        (
            "and the client goes on dialling",
            Action.LATER,
            "there has been no line for as long as it says",
            "dials on, until give_up_after; None: for ever",
            f"{_POLICY}.give_up_after",
        ),
        (
            "not all audio was confirmed",
            Action.FATAL,
            "there are gaps: audio that the backend has not confirmed as processed",
            f"{_OVER}; the cause of most of it follows, and what to do; each gap has its own",
            f"{_RESULT}.missing",
        ),
        (
            "audio was taken for silence, and its level was not measured",
            Action.FATAL,
            "quiet audio counts as processed; here its loudness is not known, so it may be speech",
            _OVER,
            f"{_RESULT}.statistics",
        ),
        (
            "that may hold words could not be reported",
            Action.FATAL,
            "the backend sent messages that the dialect could not read, and words may be in them",
            f"{_OVER}; the journal has the messages",
            f"{_RESULT}.statistics",
        ),
        (
            "never became final",
            Action.FATAL,
            "the backend ended while a partial stood: it neither made it final nor withdrew it",
            f"{_OVER}; the last partial has the words, and the journal, too",
            f"{_RESULT}.statistics",
        ),
        (
            "was lost",
            Action.FATAL,
            "a source failed, so that not all of its audio was captured",
            "the other sources go on; the result is not complete",
            f"{_RESULT}.lost_sources",
        ),
        (
            "aborted",
            Action.FATAL,
            "the app aborted the session, or left its block before the end",
            f"{_OVER}; what was not delivered is a gap",
            _RESULT,
        ),
        (
            "moved: another process",
            Action.FATAL,
            "a fleet was drained, and the session goes on in another process",
            f"{_OVER} here; the result of the other process counts",
            f"{_RESULT}.moved",
        ),
        (
            "finished",
            Action.FATAL,
            "the session ended well, and nothing is missing",
            _OVER,
            f"{_RESULT}.complete",
        ),
    )
}
