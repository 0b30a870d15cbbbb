"""A webinar: registrations into a segment and a reminder workflow; cancellations out; afterwards, who came and who not.

The mails are written in Flodesk's app: a workflow of reminders, and one each that the segments below start.
"""

import asyncio

from connection import Call, flodesk, members, segment

WEBINAR = "Autumn wreaths, 3 December"
REMINDERS = "Workshop reminder"  # a workflow
REGISTERED = [
    {"email": "nora@example.com", "first_name": "Nora"},
    {"email": "ben@example.com", "first_name": "Ben"},
    {"email": "mei@example.com", "first_name": "Mei"},
]
CANCELLED = ["ben@example.com"]
ATTENDED = ["nora@example.com"]  # what the webinar tool reports on the next day


async def register(call: Call, person: dict[str, str]) -> None:
    """Put somebody in, and start their reminders, if they get mail at all."""
    registered = await segment(call, f"Registered: {WEBINAR}")
    written = await call(
        "create_a_flodesk_subscriber",
        **person,
        segment_ids=[registered],
        custom_fields=[{"field": "How did you hear", "value": "Webinar"}],
    )
    if written["status"] == "active":
        await call("create_a_flodesk_workflow", workflow_id=REMINDERS, id=written["id"])
        print(f"{person['first_name']} is registered, and will be reminded")


async def cancel(call: Call, email: str) -> None:
    """Take somebody out: no further reminder is sent. They stay on the list."""
    await call("delete_a_flodesk_workflow_by_id", workflow_id=REMINDERS, id_or_email=email)
    await call(
        "delete_a_flodesk_subscriber_by_id",
        id_or_email=email,
        segment_ids=[await segment(call, f"Registered: {WEBINAR}")],
    )
    print(f"{email} has cancelled")


async def follow_up(call: Call, attended: list[str]) -> None:
    """Part those who came from those who did not: one segment starts a thank-you, the other sends the recording."""
    registered = await members(call, f"Registered: {WEBINAR}")
    for name, people in (("Attended", registered & set(attended)), ("Missed", registered - set(attended))):
        into = await segment(call, f"{name}: {WEBINAR}")
        for email in sorted(people):
            await call("add_a_flodesk_subscriber_to_segments", id_or_email=email, segment_ids=[into])
            print(f"{name}: {email}")


async def main() -> None:
    async with flodesk() as call:
        for person in REGISTERED:
            await register(call, person)
        for email in CANCELLED:
            await cancel(call, email)
        await follow_up(call, ATTENDED)
        assert await members(call, f"Registered: {WEBINAR}") == {"nora@example.com", "mei@example.com"}
        assert await members(call, f"Attended: {WEBINAR}") == {"nora@example.com"}
        assert await members(call, f"Missed: {WEBINAR}") == {"mei@example.com"}


asyncio.run(main())
