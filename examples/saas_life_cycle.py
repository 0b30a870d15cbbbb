"""A product with a trial: each stage is a segment, and the trial mails stop at the moment of payment.

`on_event` is what your billing system's webhook would call. An event that comes twice does no harm.
"""

import asyncio

from connection import Call, ToolFailed, flodesk, members, segment

TRIAL_MAILS = "Weekly bouquet: first delivery"  # a workflow: tips for the first days, then "your trial ends"
STAGES = {
    "trial.started": "App: on trial",
    "subscription.paid": "App: paying",
    "payment.failed": "App: payment failed",
    "subscription.cancelled": "App: cancelled",
}
EVENTS = [
    ("trial.started", "nora@example.com"),
    ("trial.started", "ben@example.com"),
    ("trial.started", "mei@example.com"),
    ("subscription.paid", "nora@example.com"),
    ("subscription.paid", "nora@example.com"),  # billing systems repeat themselves
    ("subscription.cancelled", "ben@example.com"),
]


async def on_event(call: Call, event: str, email: str) -> None:
    """Move somebody to the stage that an event means, out of every other."""
    stage = await segment(call, STAGES[event])
    person = await call("create_a_flodesk_subscriber", email=email, segment_ids=[stage])
    before = [known["name"] for known in person["segments"] if known["name"] in STAGES.values()]
    if event == "trial.started":
        await start_trial_mails(call, person)
    elif STAGES["trial.started"] in before:
        # Nobody who has just paid shall read that the trial ends.
        await call("delete_a_flodesk_workflow_by_id", workflow_id=TRIAL_MAILS, id_or_email=person["id"])
        print(f"{email}: no more trial mails")
    left = [name for name in before if name != STAGES[event]]
    if left:
        await call("delete_a_flodesk_subscriber_by_id", id_or_email=person["id"], segment_ids=left)
    print(f"{email}: {STAGES[event]}")


async def start_trial_mails(call: Call, person: dict[str, str]) -> None:
    """Put somebody into the workflow, unless they were in it before."""
    if person["status"] != "active":
        return
    try:
        await call("create_a_flodesk_workflow", workflow_id=TRIAL_MAILS, id=person["id"])
    except ToolFailed as refused:  # in it already, or once was: nobody gets a second trial's mails
        print(refused)


async def refusal(call: Call, email: str) -> str:
    """Return why Flodesk would not start the trial mails for somebody: it has no list of who is in a workflow."""
    try:
        await call("create_a_flodesk_workflow", workflow_id=TRIAL_MAILS, email=email)
    except ToolFailed as refused:
        return str(refused)
    return ""


async def main() -> None:
    async with flodesk() as call:
        for event, email in EVENTS:
            await on_event(call, event, email)
        assert await members(call, "App: on trial") == {"mei@example.com"}
        assert await members(call, "App: paying") == {"nora@example.com"}
        assert await members(call, "App: cancelled") == {"ben@example.com"}
        assert "already active" in await refusal(call, "mei@example.com")
        assert "repeat" in await refusal(call, "nora@example.com")  # she was in it, and is no more


asyncio.run(main())
