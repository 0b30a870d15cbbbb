"""Goals that something stands in the way of: a missing field, a fault, a spent quota."""

import re

import anyio

from flodesk_mcp.sandbox import SANDBOX_API_KEY, Fault

from .goal import Worker, goal
from .people import segments_of


@goal(3, why="A field was created, so the fields are read anew before a value is trusted to one.")
async def store_something_new(agent: Worker) -> None:
    """Keep track of shoe sizes; Pilar (pilarholloway@example.com) has 39."""
    listed = await agent.call("list_all_flodesk_custom_fields")
    assert not [field for field in listed["result"] if "shoe" in field["label"].lower()]
    field = await agent.call("create_a_flodesk_custom_field", label="Shoe size")
    await agent.call("create_a_flodesk_subscriber", email="pilarholloway@example.com", custom_fields={field["key"]: 39})
    pilar = agent.account.find_subscriber("pilarholloway@example.com")
    assert pilar
    assert pilar.custom_fields == {"favouriteFlower": "Dahlia", "shoeSize": "39"}


@goal(1, why="The first request met a fault, and was repeated within the call.")
async def add_somebody_while_flodesk_stumbles(agent: Worker) -> None:
    """Add ines@example.com, while Flodesk answers 503 for a moment."""
    agent.sandbox.fail(Fault("status", status=503, method="POST"))
    await agent.call("create_a_flodesk_subscriber", email="ines@example.com")
    assert agent.account.find_subscriber("ines@example.com")


@goal(3)
async def create_a_segment_while_the_connection_breaks(agent: Worker) -> None:
    """Make one segment "Press", while the answer to it is lost."""
    agent.sandbox.fail(Fault("drop_after", method="POST", path="/segments"))
    doubtful = await agent.refused("create_a_flodesk_segment", name="Press")
    assert "list_all_flodesk_segments" in doubtful
    listed = await agent.call("list_all_flodesk_segments", limit=100)
    assert "Press" in {segment["name"] for segment in listed["result"]}
    assert [segment.name for segment in agent.account.segments.values()].count("Press") == 1


@goal(4)
async def import_while_others_spend_the_quota(agent: Worker) -> None:
    """Import 120 people into the newsletter, while another program has spent nearly all of the minute's requests."""
    people = [{"email": f"reader{number}@example.com"} for number in range(120)]
    agent.sandbox.spend(SANDBOX_API_KEY, 98)
    for start in range(0, 120, 50):
        batch = {"subscribers": people[start : start + 50], "segment_ids": ["Newsletter"]}
        answer = await agent.answer("create_flodesk_subscribers_in_batch", **batch)
        if answer.is_error:
            told = re.search(r"Try again in (\d+) seconds", str(answer.content))
            assert told
            await anyio.sleep(int(told[1]))
            await agent.call("create_flodesk_subscribers_in_batch", **batch)
    for row in people:
        assert segments_of(agent.account, row["email"]) == {"Newsletter"}
