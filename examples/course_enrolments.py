"""Course enrolments: everybody into the segment of their course, and into the workflow that sends the lessons.

Run it as often as you like: nobody is doubled, nobody gets the first lesson twice, and who unsubscribed is left alone.
"""

import asyncio
from collections import defaultdict

from connection import Call, ToolFailed, flodesk, members, segment

LESSONS = "Welcome to the studio"  # a workflow, made in Flodesk's app: it sends one mail after the other
ENROLMENTS = [  # what your course platform exports
    {"email": "nora@example.com", "first_name": "Nora", "course": "Bouquets for beginners"},
    {"email": "ben@example.com", "first_name": "Ben", "course": "Bouquets for beginners"},
    {"email": "a.holloway@example.net", "first_name": "Amy", "course": "Bouquets for beginners"},
    {"email": "nora@example.com", "first_name": "Nora", "course": "Wreaths"},
    {"email": "ida@example", "first_name": "Ida", "course": "Wreaths"},
]


async def enrol(call: Call) -> tuple[list[str], list[str]]:
    """Write all enrolments. Return who was started on the lessons, and what could not be done."""
    started, trouble = [], []
    courses = defaultdict(list)
    for row in ENROLMENTS:
        courses[row["course"]].append({"email": row["email"], "first_name": row["first_name"]})
    for course, people in courses.items():
        of_course = [await segment(call, f"Course: {course}")]
        for start in range(0, len(people), 50):  # Flodesk takes 50 at once
            batch = people[start : start + 50]
            answer = await call("create_flodesk_subscribers_in_batch", subscribers=batch, segment_ids=of_course)
            trouble += [f"{row['email']}: {row['reason']}" for row in answer["failed"]]
            for person in answer["written"]:
                try:
                    await start_lessons(call, person)
                    started.append(person["email"])
                except ToolFailed as refused:  # already in it, or Flodesk says no: the text tells which
                    trouble.append(f"{person['email']}: {refused}")
    return started, trouble


async def start_lessons(call: Call, person: dict[str, str]) -> None:
    """Put somebody into the workflow. Raises ToolFailed."""
    if person["status"] != "active":
        raise ToolFailed(f"{person['status']}, so no lessons")
    await call("create_a_flodesk_workflow", workflow_id=LESSONS, id=person["id"])


async def main() -> None:
    async with flodesk() as call:
        started, trouble = await enrol(call)
        print("Started:", ", ".join(started))
        print("Not done:", *trouble, sep="\n  ")

        assert started == ["nora@example.com", "ben@example.com"]
        assert await members(call, "Course: Wreaths") == {"nora@example.com"}
        assert len(trouble) == 3  # left; is in the workflow already; has no address
        again, _ = await enrol(call)
        assert again == []
        assert len(await members(call, "Course: Bouquets for beginners")) == 3


asyncio.run(main())
