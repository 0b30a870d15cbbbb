"""A small program of somebody who uses the library: it is type-checked against the installed package, and runs."""

import asyncio
from typing import assert_type

from flodesk_mcp.flodesk import ApiKey, FlodeskClient, FlodeskError, NoAnswer, Page, Segment, Subscriber, open_http
from flodesk_mcp.sandbox import SANDBOX_API_KEY, Account, Fault, Sandbox


async def newest_in(flodesk: FlodeskClient, name: str) -> str | None:
    """Return the address of the person who joined a segment last."""
    segments = assert_type(await flodesk.segments.list(), Page[Segment])
    ids = [segment.id for segment in segments.data if segment.name == name]
    people = assert_type(await flodesk.subscribers.list(segment_id=ids[0], status="active"), Page[Subscriber])
    return people.data[0].email if people.data else None


async def main() -> None:
    """Read, write, and fail."""
    sandbox = Sandbox()
    account = assert_type(sandbox.accounts[SANDBOX_API_KEY], Account)
    async with open_http(sandbox.transport()) as http:
        flodesk = FlodeskClient(ApiKey(SANDBOX_API_KEY), http=http)
        print(await newest_in(flodesk, "VIP"), len(account.subscribers))
        assert_type(
            await flodesk.subscribers.save(email="jane@example.com", custom_fields={"venue": "Barn"}), Subscriber
        )
        sandbox.fail(Fault("drop_after", method="POST"))
        try:
            await flodesk.segments.create("Tulips")
        except NoAnswer as error:
            print(assert_type(error.uncertain, bool))
        except FlodeskError as error:
            print(error)


asyncio.run(main())
