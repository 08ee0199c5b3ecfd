"""The two proofs that a walk makes in every situation: silence ends, and a stop ends.

Both only let time pass: deadline after deadline, with a sender that sends or hangs, and no
answer from the backend. The World observes meanwhile. Silence has to lead to a final state;
or, where the policy sets no limit, to endless dials, each of which is bounded.
"""

from __future__ import annotations

from openline.events import StopRequested
from openline.policy import Policy
from openline.updates import State
from openline_testing.laws import broken
from openline_testing.steps import ALL, Run, Step, tick

#: Deadlines after which a session counts as endless.
FOREVER = 2000
#: Dials after which a session without limits counts as endless.
DIALS = 3


def outlast(
    run: Run, policy: Policy, steps: list[Step], *, stop: bool, sending: bool
) -> float | None:
    """Let time pass from ``run`` on; append each step to ``steps``.

    Returns the seconds until the session ended, or None if it may go on. Raises
    LawBroken.
    """
    began, dials = run.now, run.world.seen.dial
    patient = policy.give_up_after is None and policy.max_attempts is None and not stop

    def take(step: Step) -> None:
        steps.append(step)
        step.take(run)

    if stop:
        take(Step("the app stops", run.now, StopRequested()))
    for _ in range(FOREVER):
        if run.machine.ended:
            return run.now - began
        if run.machine.state is State.IDLE:
            return None
        if patient and run.world.seen.dial >= dials + DIALS:
            return None
        if sending:
            take(Step("the sender sends all there is", run.now, pulls=ALL))
        deadlines = run.deadlines
        if not deadlines:
            break
        timer, at = next(iter(deadlines.items()))
        take(tick(f"time runs to {timer.name}", at))
    law = "the stop ends" if stop else "silence ends"
    return broken(law, f"it is still {run.machine.state}", run.now)
