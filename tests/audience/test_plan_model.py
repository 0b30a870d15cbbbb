"""Whatever rows say of whomever, the plan of an import is what a model says, row by row."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import anyio
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from conftest import VirtualTimeLoop
from flodesk_mcp.audience.files import people

from .importing import FAIR, VIP, Studio

SILENT = {"unsubscribed", "bounced"}
EMAILS = st.sampled_from(["", "nobody", "a@b@c.de", *[f"p{number}@example.com" for number in range(6)]])
CITIES = st.sampled_from(["", "Ulm", " Bonn ", "Zürich", "Z\u200burich", "'=1", "O'Hara", "x" * 257])
ROWS = st.lists(
    st.tuples(
        EMAILS.flatmap(lambda email: st.sampled_from([email, email.upper(), f" {email} "])),
        st.sampled_from(["", "Anna", "Änna"]),
        CITIES,
        st.sampled_from(["", "", "VIP", "Fair;VIP"]),
        st.sampled_from(["", "", "2026-01-02"]),
        st.sampled_from(["", "", "unsubscribed"]),
    ),
    min_size=1,
    max_size=9,
)
START = st.dictionaries(
    st.sampled_from([f"p{number}@example.com" for number in range(6)]),
    st.tuples(
        st.sampled_from(["active", "active", "unsubscribed", "bounced"]),
        st.sampled_from(["", "Anna"]),
        st.sampled_from(["Ulm", "Zürich"]),
        st.sampled_from([(), (FAIR,), (FAIR, VIP)]),
    ),
)
SEEN = {"Z\u200burich": "Zurich", "'=1": "=1", "x" * 257: ""}


def modelled(start: dict[str, Any], rows: list[Any], everyone: list[str]) -> dict[int, str]:
    """Return what shall be done with each row, by its number."""
    actions: dict[int, str] = {}
    latest: dict[str, tuple[int, dict[str, Any]]] = {}
    for number, (address, first_name, city, tags, time, status) in enumerate(rows, 2):
        email = address.strip().lower()
        if not any((address, first_name, city, tags, time, status)):
            continue
        if not email.startswith("p"):
            actions[number] = "skip"
            continue
        _, before = latest.get(email, (0, {}))
        if email in latest:
            actions[latest[email][0]] = "skip"
        said = {
            "first_name": first_name or before.get("first_name", ""),
            "city": SEEN.get(city, city.strip()) or before.get("city", ""),
            "segments": before.get("segments", set())
            | {*everyone, *({"VIP": VIP, "Fair": FAIR}[tag] for tag in tags.split(";") if tag)},
            "refuses": bool(status) or before.get("refuses", False),
            "proof": time or before.get("proof", ""),
        }
        latest[email] = number, said
    for email, (number, said) in latest.items():
        actions[number] = _action(said, start.get(email))
    return actions


def _action(said: dict[str, Any], person: Any) -> str:
    if said["refuses"]:
        return "skip"
    if person is None:
        return "write"
    status, first_name, city, segments = person
    if status in SILENT:
        return "skip"
    is_so = said["first_name"] in {"", first_name} and said["city"] in {"", city} and not said["proof"]
    return "unchanged" if is_so and said["segments"] <= {*segments} else "write"


@given(start=START, rows=ROWS, everyone=st.sampled_from([[], [FAIR]]), together=st.sampled_from([2, people.BATCH]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example({"p0@example.com": ("active", "Anna", "Ulm", ())}, [("p0@example.com", "", "", "", "", "")], [], 2)
@example({"p0@example.com": ("active", "Anna", "Ulm", ())}, [("p0@example.com", "", "", "", "", "")], [FAIR], 2)
def test_the_plan_of_an_import_is_what_the_model_says(
    start: dict[str, Any], rows: list[Any], everyone: list[str], together: int
) -> None:
    async def plan() -> dict[int, str]:
        studio = Studio(Path(folder))
        for email, (status, first_name, city, segments) in start.items():
            studio.add(email, *segments, status=status, first_name=first_name, city=city)
        async with studio.opened() as opened:
            lines = [
                "Email,First name,City,Tags,Opt-in time,Status",
                *(",".join(f'"{cell}"' for cell in row) for row in rows),
            ]
            made = await opened.plan("\n".join(lines), segments=everyone)
            planned = await opened.audience.plans.rows(made.id).after(-1, 100)
        assert sum(made.numbers.get(name, 0) for name in ("will_write", "unchanged")) == sum(
            row.action in {"write", "unchanged"} for row in planned
        )
        return {row.row: row.action for row in planned}

    with TemporaryDirectory() as folder, patch.object(people, "BATCH", together):
        assert anyio.run(plan, backend_options={"loop_factory": VirtualTimeLoop}) == modelled(start, rows, everyone)


@pytest.mark.parametrize("together", [1, 2, 3, people.BATCH])
@pytest.mark.anyio
async def test_who_goes_by_an_id_counts_once_however_many_rows_are_read_at_once(tmp_path: Path, together: int) -> None:
    studio = Studio(tmp_path)
    one, two = (studio.add(f"p{number}@example.com", first_name="Anna").id for number in range(2))
    lines = ["Id,First name,City", f"{one},Anna,", f"{two},Berta,", f"{one},,Ulm", f"{one},,", f"{two},Anna,", "none,,"]
    async with studio.opened() as opened:
        with patch.object(people, "BATCH", together):
            made = await opened.plan("\n".join(lines))
        planned = await opened.audience.plans.rows(made.id).after(-1, 100)
        await opened.carried_out(made)
    assert [row.action for row in planned] == ["skip", "skip", "skip", "write", "unchanged", "skip"]
    counted = {name: made.numbers.get(name) for name in ("rows", "duplicates", "will_write", "unchanged", "invalid")}
    assert counted == {"rows": 6, "duplicates": 3, "will_write": 1, "unchanged": 1, "invalid": 1}
    assert [studio.person(known).custom_fields for known in (one, two)] == [{"city": "Ulm"}, {}]
