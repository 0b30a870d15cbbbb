"""The check that keeps Flodesk from losing values silently, and what it costs."""

from functools import partial

import anyio
import pytest

from flodesk_mcp.flodesk import FlodeskClient, InvalidArgument, NoAnswer, QuotaExhausted, UnknownCustomField
from flodesk_mcp.sandbox import Account, Fault, Sandbox
from flodesk_mcp.sandbox.account import CustomField

pytestmark = pytest.mark.anyio

LOOK_UP = "/v1/custom-fields/all"


def look_ups(sandbox: Sandbox) -> int:
    return [request.path for request in sandbox.requests].count(LOOK_UP)


async def upsert(flodesk: FlodeskClient, **custom_fields: str) -> dict[str, str] | None:
    return (await flodesk.subscribers.save(email="a@example.com", custom_fields=custom_fields)).custom_fields


@pytest.mark.parametrize("name", ["favouriteFlower", "Favourite flower", " favourite FLOWER "])
async def test_a_label_is_accepted_for_its_key(name: str, flodesk: FlodeskClient) -> None:
    assert await flodesk.custom_fields.resolve({name: "peony"}) == {"favouriteFlower": "peony"}


async def test_a_key_wins_over_the_label_of_another(flodesk: FlodeskClient, account: Account) -> None:
    account.custom_fields["other"] = CustomField("other", "venue")
    assert await flodesk.custom_fields.resolve({"venue": "barn"}) == {"venue": "barn"}


async def test_a_value_reaches_flodesk_under_its_key(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    assert await upsert(flodesk, Venue="barn") == {"venue": "barn"}
    assert sandbox.requests[-1].body["custom_fields"] == {"venue": "barn"}


async def test_the_fields_are_looked_up_once_in_five_minutes(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    await upsert(flodesk, venue="barn")
    await anyio.sleep(299)
    await upsert(flodesk, venue="barn")
    assert look_ups(sandbox) == 1
    await anyio.sleep(1)
    await upsert(flodesk, venue="barn")
    assert look_ups(sandbox) == 2


async def test_a_miss_refreshes_what_is_known_once(flodesk: FlodeskClient, sandbox: Sandbox, account: Account) -> None:
    await upsert(flodesk, venue="barn")
    account.custom_fields["petName"] = CustomField("petName", "Pet name")
    assert await upsert(flodesk, petName="Rex") == {"venue": "barn", "petName": "Rex"}
    assert look_ups(sandbox) == 2
    with pytest.raises(UnknownCustomField):
        await upsert(flodesk, shoeSize="43")
    assert look_ups(sandbox) == 3


async def test_an_unknown_name_is_refused_with_all_that_are_known(
    flodesk: FlodeskClient, sandbox: Sandbox, account: Account
) -> None:
    with pytest.raises(UnknownCustomField, match="'shoeSize', 'hat'") as refused:
        await upsert(flodesk, shoeSize="43", venue="barn", hat="yes")
    assert refused.value.unknown == ("shoeSize", "hat")
    assert refused.value.known == {key: field.label for key, field in account.custom_fields.items()}
    assert [request.path for request in sandbox.requests] == [LOOK_UP]


async def test_a_field_just_created_is_known(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    await upsert(flodesk, venue="barn")
    field = await flodesk.custom_fields.create("Shoe size")
    await upsert(flodesk, **{field.key: "43"})
    assert look_ups(sandbox) == 2


async def test_a_field_without_a_label_is_known_by_its_key(flodesk: FlodeskClient, account: Account) -> None:
    account.custom_fields["plain"] = CustomField("plain", "")
    assert await flodesk.custom_fields.resolve({"plain": "x"}) == {"plain": "x"}


async def test_a_value_is_at_most_256_characters_long(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    with pytest.raises(InvalidArgument, match=r"'venue' has 257 characters; Flodesk takes at most 256"):
        await upsert(flodesk, venue="x" * 257)
    assert not sandbox.requests
    assert await upsert(flodesk, venue="x" * 256) == {"venue": "x" * 256}


async def test_one_field_under_two_names_with_two_values_is_a_conflict(
    flodesk: FlodeskClient, sandbox: Sandbox
) -> None:
    with pytest.raises(InvalidArgument, match="given twice"):
        await upsert(flodesk, venue="barn", Venue="castle")
    assert look_ups(sandbox) == len(sandbox.requests)
    assert await upsert(flodesk, venue="barn", Venue="barn") == {"venue": "barn"}


async def test_no_custom_fields_cost_no_look_up(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    await upsert(flodesk)
    assert [request.body for request in sandbox.requests] == [{"email": "a@example.com"}]
    assert await flodesk.custom_fields.resolve({}) == {}


async def test_the_look_up_and_the_write_share_one_budget(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    sandbox.fail(Fault("status", status=429, retry_after=15, path="custom-fields"))
    sandbox.fail(Fault("status", status=429, retry_after=15, method="POST"))
    with pytest.raises(QuotaExhausted):
        await upsert(flodesk, venue="barn")
    assert anyio.current_time() == 15


async def test_a_batch_looks_up_once_for_all_its_rows(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    rows = [{"email": f"{number}@example.com", "custom_fields": {"Venue": "barn"}} for number in range(9)]
    await flodesk.subscribers.save_batch([{"email": "x@example.com", "custom_fields": {}}, *rows])
    assert look_ups(sandbox) == 1
    assert [row.get("custom_fields") for row in sandbox.requests[-1].body["subscribers"]] == [
        None,
        *[{"venue": "barn"}] * 9,
    ]


async def test_a_batch_with_a_miss_looks_up_no_more_than_once(
    flodesk: FlodeskClient, sandbox: Sandbox, account: Account
) -> None:
    rows = [{"email": "a@example.com", "custom_fields": {name: "x"}} for name in ("venue", "nothing", "nobody")]
    result = await flodesk.subscribers.save_batch(rows)
    assert [(failure.index, failure.code, failure.message) for failure in result.failures] == [
        (1, "not_sent", "The account has no custom field 'nothing'."),
        (2, "not_sent", "The account has no custom field 'nobody'."),
    ]
    assert len(result.successes) == 1
    assert look_ups(sandbox) == 1
    account.custom_fields["nothing"] = account.custom_fields["nobody"] = CustomField("nothing", "Nothing")
    assert len((await flodesk.subscribers.save_batch(rows)).failures) == 1
    assert look_ups(sandbox) == 2


async def test_a_batch_does_not_change_the_rows_of_its_caller(flodesk: FlodeskClient) -> None:
    row = {"email": "a@example.com", "custom_fields": {"Venue": "barn"}, "segment_ids": None}
    await flodesk.subscribers.save_batch([row])
    assert row == {"email": "a@example.com", "custom_fields": {"Venue": "barn"}, "segment_ids": None}


async def test_calls_at_the_same_time_share_one_look_up(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    async with anyio.create_task_group() as tasks:
        for _ in range(30):
            tasks.start_soon(partial(upsert, flodesk, venue="barn"))
    assert look_ups(sandbox) == 1
    assert len(sandbox.requests) == 31


async def test_if_the_shared_look_up_is_cancelled_the_next_call_takes_over(
    flodesk: FlodeskClient, sandbox: Sandbox
) -> None:
    sandbox.fail(Fault("hang", path="custom-fields"))
    async with anyio.create_task_group() as tasks:

        async def give_up() -> None:
            with anyio.move_on_after(3):
                await upsert(flodesk, venue="barn")

        tasks.start_soon(give_up)
        await anyio.sleep(1)
        tasks.start_soon(partial(upsert, flodesk, venue="barn"))
        tasks.start_soon(partial(upsert, flodesk, venue="barn"))
    assert look_ups(sandbox) == 2
    assert anyio.current_time() == 3


async def test_nobody_waits_for_the_look_up_of_another_beyond_its_own_budget(
    flodesk: FlodeskClient, sandbox: Sandbox
) -> None:
    sandbox.fail(Fault("hang", path="custom-fields"))
    ended_at = []

    async def first() -> None:
        with pytest.raises(NoAnswer):
            await upsert(flodesk, venue="barn")
        ended_at.append(anyio.current_time())

    async def second() -> None:
        await upsert(flodesk, venue="barn")
        ended_at.append(anyio.current_time())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(first)
        await anyio.sleep(1)
        tasks.start_soon(second)
    assert ended_at == [21, 30]
