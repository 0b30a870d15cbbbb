"""What conditions mean, against the same told in Python."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from flodesk_mcp.audience.conditions import Condition
from flodesk_mcp.audience.folding import fold
from flodesk_mcp.audience.operators import Match

from .accounts import Mirrored, mirrored

pytestmark = pytest.mark.anyio

NAMES = ["Zürich", "ZURICH", "zu\u0308rich", "Straße", "STRASSE", "İzmir", "izmir", "Søren", "Łódź", ""]
NAMES += ["100%", "a_b", "50|60"]


async def _found(account: Mirrored, *conditions: Condition, match: Match = "all") -> list[str]:
    where = await account.audience.where(list(conditions), match)
    return sorted(
        [str(person.first_name or "") async for batch in account.audience.mirror.people(where) for person in batch]
    )


@pytest.mark.parametrize(
    ("operator", "value", "names"),
    [
        ("is", "zurich", ["Zürich", "ZURICH", "zu\u0308rich"]),
        ("is", "ZÜRICH", ["Zürich", "ZURICH", "zu\u0308rich"]),
        ("contains", "uri", ["Zürich", "ZURICH", "zu\u0308rich"]),
        ("is", "strasse", ["Straße", "STRASSE"]),
        ("starts_with", "STRAß", ["Straße", "STRASSE"]),
        ("is", "IZMIR", ["İzmir", "izmir"]),
        ("is", "soren", ["Søren"]),
        ("ends_with", "odz", ["Łódź"]),
        ("is_empty", "", [""]),
        ("contains", "%", ["100%"]),
        ("contains", "_", ["a_b"]),
        ("is", "50|60", ["50|60"]),
        ("is_one_of", "soren | izmir||", ["Søren", "İzmir", "izmir"]),
        ("contains", "' OR 1=1 --", []),
    ],
)
@pytest.mark.parametrize("field", ["first_name", "Birthday"])
async def test_text_is_compared_without_case_and_accents(
    field: str, operator: str, value: str, names: list[str]
) -> None:
    async with mirrored(len(NAMES)) as account:
        for person, name in zip(account.account.subscribers.values(), NAMES, strict=True):
            person.first_name, person.custom_fields = name, {"birthday": name}
        account.add_custom_field("birthday", "Birthday")
        await account.audience.mirror.refresh()
        assert await _found(account, Condition(field, operator, value)) == sorted(names)
        opposite = {"is": "is_not", "is_empty": "is_not_empty"}.get(operator)
        if opposite:
            rest = list(NAMES)
            for name in names:
                rest.remove(name)
            assert await _found(account, Condition(field, opposite, value)) == sorted(rest)


@pytest.mark.parametrize("text", ["が", "か", "한국", "हिन्दी", "日本"])
def test_marks_that_are_parts_of_letters_stay(text: str) -> None:
    assert fold(text) == text


def test_a_letter_with_another_sound_is_another() -> None:
    assert fold("が") != fold("か")


@pytest.mark.parametrize(
    ("operator", "value", "meets"),
    [
        ("before", "2026-01-02", lambda moment, _: moment < datetime(2026, 1, 2, tzinfo=UTC)),
        ("after", "2026-01-02", lambda moment, _: moment >= datetime(2026, 1, 3, tzinfo=UTC)),
        ("is", "2026-01-02", lambda moment, _: moment.date().isoformat() == "2026-01-02"),
        ("after", "2026-01-01T10:00:00+02:00", lambda moment, _: moment > datetime(2026, 1, 1, 8, tzinfo=UTC)),
        ("in_last_days", "2", lambda moment, now: moment >= now - timedelta(days=2)),
        ("is_empty", "", lambda *_: False),
        ("is_not_empty", "", lambda *_: True),
    ],
)
async def test_times_are_compared_as_times(
    operator: str, value: str, meets: Callable[[datetime, datetime], bool]
) -> None:
    async with mirrored(4_000) as account:
        account.clock.now = datetime(2026, 1, 3, 12, tzinfo=UTC).timestamp()
        await account.audience.mirror.refresh()
        now = datetime.fromtimestamp(account.clock.now, UTC)
        truth = sum(meets(person.created_at, now) for person in account.account.subscribers.values())
        where = await account.audience.where([Condition("created_at", operator, value)])
        assert await account.audience.mirror.count(where) == truth


async def test_a_field_of_ones_own_may_be_called_like_anything() -> None:
    async with mirrored(2) as account:
        first, *_ = account.account.subscribers.values()
        for key, label in (('odd"key', "Odd"), ("a.b[0]", "Dots"), ("$", "Dollar"), ("source2", "Source")):
            account.add_custom_field(key, label)
            first.custom_fields[key] = "Yes"
        await account.audience.mirror.refresh()
        for name in ("Odd", "Dots", "Dollar", "source2"):
            where = await account.audience.where([Condition(name, "is", "yes")])
            assert await account.audience.mirror.count(where) == 1


async def test_whoever_matches_comes_once_while_the_mirror_is_read_anew() -> None:
    async with mirrored(400) as account:
        await account.audience.mirror.refresh()
        seen: list[str] = []
        async for batch in account.audience.mirror.people(batch=100):
            seen += [person.id for person in batch]
            account.flodesk.audience.add(30)
            await account.audience.mirror.refresh()
        assert len(seen) == len(set(seen))
        assert account.flodesk.audience.first <= set(seen)
