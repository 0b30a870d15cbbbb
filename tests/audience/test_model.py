"""After whatever imports, syncs, kills and restarts, the account is what a model of it says."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import VirtualTimeLoop

from .importing import FAIR, VIP, Opened, Studio

NAMES = {FAIR: "Fair", VIP: "VIP"}
SILENT = {"unsubscribed", "bounced"}


@dataclass
class Person:
    """Somebody, as the model has them."""

    status: str = "active"
    first_name: str = ""
    city: str = ""
    segments: set[str] = field(default_factory=set)


class Model:
    """What imports and syncs mean, in the fewest words."""

    def __init__(self, people: dict[str, Person]) -> None:
        self.people = people

    def bring_in(self, rows: list[dict[str, str]], everyone: str) -> None:
        """Import: everybody once, a later row before an earlier one, blanks say nothing."""
        for row in rows:
            person = self.people.setdefault(row["email"].lower(), Person())
            if person.status not in SILENT:
                person.first_name = row["first_name"] or person.first_name
                person.city = row["City"] or person.city
                person.segments |= {everyone, *([VIP] if row["Tags"] else [])}

    def keep_in_step(self, segment: str, emails: list[str], *, remove_others: bool) -> None:
        """Sync: nobody is created, who gets no mail stays where they are, all others may leave."""
        for email, person in self.people.items():
            if email in emails and person.status not in SILENT:
                person.segments.add(segment)
            elif email not in emails and remove_others:
                person.segments.discard(segment)


EMAILS = st.sampled_from([f"p{number}@example.com" for number in range(8)])
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "email": EMAILS.flatmap(lambda email: st.sampled_from([email, email.upper()])),
            "first_name": st.sampled_from(["", "Anna", "Ben"]),
            "City": st.sampled_from(["", "Ulm", "Bonn"]),
            "Tags": st.sampled_from(["", "VIP"]),
        }
    ),
    min_size=1,
    max_size=12,
)
SEGMENTS = st.sampled_from([FAIR, VIP])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("import"), SEGMENTS, ROWS),
        st.tuples(st.just("sync"), SEGMENTS, st.lists(EMAILS, min_size=1, max_size=6), st.booleans()),
    ),
    min_size=1,
    max_size=4,
)
START = st.dictionaries(EMAILS, st.sampled_from(["active", "unsubscribed", "bounced"]), max_size=6)
KILLED_AFTER = st.one_of(st.none(), st.floats(0, 8))


@given(start=START, steps=STEPS, kills=st.lists(KILLED_AFTER, min_size=4, max_size=4))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_account_is_what_the_model_says(start: dict[str, Any], steps: list[Any], kills: list[float | None]) -> None:
    with TemporaryDirectory() as folder:
        studio = Studio(Path(folder))
        scenario = partial(play, studio, studio.opened, start, steps, kills)
        anyio.run(scenario, backend_options={"loop_factory": VirtualTimeLoop})


async def play(
    studio: Studio,
    opening: Callable[[], AbstractAsyncContextManager[Opened]],
    start: dict[str, Any],
    steps: list[Any],
    kills: list[float | None],
) -> None:
    """Do the steps, each in a process that may be killed, and compare."""
    for email, status in start.items():
        studio.add(email, FAIR, status=status)
    model = Model({email: Person(status, segments={FAIR}) for email, status in start.items()})
    for (kind, segment, *what), killed_after in zip(steps, kills, strict=False):
        if kind == "import":
            model.bring_in(what[0], segment)
        else:
            model.keep_in_step(segment, what[0], remove_others=what[1])
        async with opening() as opened:
            plan = await _planned(opened, kind, segment, what)
            job = await opened.audience.carry_out(plan.id)
            if killed_after is None:
                await opened.audience.jobs.wait(job.id, 1e6)
            else:
                await anyio.sleep(killed_after)
        async with opening() as opened:
            await opened.audience.jobs.restart()
            ended = await opened.audience.jobs.wait(job.id, 1e6)
            assert ended.state == "done", ended
            assert len(await opened.outcomes(ended)) == ended.rows
            await opened.audience.mirror.refresh(whole=True)
        assert {person.email.lower(): _seen(person) for person in studio.account.subscribers.values()} == model.people


async def _planned(opened: Opened, kind: str, segment: str, what: list[Any]) -> Any:
    if kind == "import":
        return await opened.plan(what[0], segments=[NAMES[segment]])
    return await opened.sync(segment, [{"email": email} for email in what[0]], remove_others=what[1])


def _seen(person: Any) -> Person:
    return Person(person.status, person.first_name, person.custom_fields.get("city", ""), set(person.segment_ids))
