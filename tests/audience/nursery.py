"""A process that has imported everything, and makes one that imports people for each line on its standard input.

A line is JSON: the address of Flodesk, the folder of the account, that of the quota, its minute, and the CSV, or in its
place the address of a HighLevel. What an earlier process left is gone on with. It prints the id of the new process, and
then how that ended.
"""

import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from httpx2 import AsyncClient

from flodesk_mcp.audience.audience import Audience
from flodesk_mcp.audience.files import open_csv, open_people
from flodesk_mcp.audience.source import Source
from flodesk_mcp.audience.storage import LocalStorage
from flodesk_mcp.callers.taking_over import ContactsReading
from flodesk_mcp.flodesk import ApiKey, BearerToken, FlodeskClient, open_http
from flodesk_mcp.highlevel import HighLevelClient
from flodesk_mcp.highlevel.adapter import HighLevelAdapter
from flodesk_mcp.quota.file import FileQuota
from flodesk_mcp.sandbox import SANDBOX_API_KEY
from flodesk_mcp.sandbox.highlevel import HIGHLEVEL_LOCATION_ID, HIGHLEVEL_TOKEN


async def work(order: dict[str, Any]) -> None:
    """Import, or go on with what is unfinished."""
    quota = FileQuota(Path(order["quota"]), lambda key: "account", 100, 20, minute=order["minute"])
    async with open_http() as http:
        client = FlodeskClient(ApiKey(SANDBOX_API_KEY), base_url=f"{order['address']}/v1", http=http, quota=quota)
        async with anyio.create_task_group() as tasks:
            audience = Audience(client, LocalStorage(Path(order["folder"]), "studio"), spawn=tasks.start_soon)
            unfinished = await audience.jobs.restart()
            if not unfinished and not await audience.jobs.latest():
                plan = await audience.plan_import(await source(order, http), segments=["Fair"])
                unfinished = [(await audience.carry_out(plan.id)).id]
            for known in unfinished:
                job = await audience.jobs.wait(known, 60)
                assert job.state == "done", job
            tasks.cancel_scope.cancel()
        await audience.aclose()


async def source(order: dict[str, Any], http: AsyncClient) -> Source:
    """Return the people of the CSV, or of the HighLevel at the address in its place."""
    if order["csv"]:
        return partial(open_csv, order["csv"])
    there = HighLevelClient(BearerToken(HIGHLEVEL_TOKEN), HIGHLEVEL_LOCATION_ID, base_url=order["highlevel"], http=http)
    return partial(open_people, await ContactsReading(None).to_the_end(HighLevelAdapter(there)))


def main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            anyio.run(work, json.loads(line))
            os._exit(0)
        print(child, flush=True)  # noqa: T201 - the test reads it
        print(os.waitpid(child, 0)[1], flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
