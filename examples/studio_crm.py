"""A studio's CRM and Flodesk in step: the CRM says who is a client, Flodesk who wants no mail.

Run it every night: it changes only what differs. A webhook can bring who unsubscribes at once (see the index).
"""

import asyncio
import sqlite3
import sys
from typing import Any

from connection import Call, carried_out, flodesk, members, segment

CLIENTS = "Clients from the CRM"
MOST_REMOVED = 20  # more than that is mostly a broken export, and no work for a night
GONE = [{"field": "status", "operator": "is_one_of", "value": "unsubscribed|bounced|complained"}]


def crm() -> sqlite3.Connection:
    """Open the CRM: here a table, in your studio whatever it is."""
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE client (email TEXT PRIMARY KEY, name TEXT, stage TEXT, mail INTEGER DEFAULT 1)")
    rows = [
        ("nora@example.com", "Nora", "booked"),
        ("ben@example.com", "Ben", "inquiry"),
        ("fern@example.net", "Fern", "booked"),
        ("a.holloway@example.net", "Amy", "booked"),  # who unsubscribed long ago
    ]
    db.executemany("INSERT INTO client (email, name, stage) VALUES (?, ?, ?)", rows)
    return db


async def send_clients(call: Call, db: sqlite3.Connection) -> None:
    """Make the segment exactly the clients who have booked. New ones are created: they agreed when they booked."""
    booked = db.execute("SELECT email, name FROM client WHERE stage = 'booked' AND mail").fetchall()
    rows = "".join(f"{email},{name},yes\n" for email, name in booked)
    plan = await call(
        "plan_flodesk_segment_sync",
        segment_id=await segment(call, CLIENTS),
        csv=f"email,first name,create\n{rows}",
        remove_others=True,
    )
    print("To Flodesk:", {name: plan[name] for name in ("new", "to_add", "to_remove") if name in plan})
    if plan.get("to_remove", 0) > MOST_REMOVED:
        sys.exit("So many would leave: look at the CRM's export first")
    await carried_out(call, plan)


async def fetch_unsubscribes(call: Call, db: sqlite3.Connection) -> None:
    """Write to no client from the CRM any more who wants no mail."""
    page: dict[str, Any] = {"next_cursor": ""}
    while "next_cursor" in page:
        cursor = page["next_cursor"]
        page = await call("search_flodesk_subscribers", where=GONE, limit=100, next_cursor=cursor, refresh=not cursor)
        for person in page["result"]:
            stop_mail(db, person["email"])


def stop_mail(db: sqlite3.Connection, email: str) -> None:
    """Note in the CRM that somebody wants no mail: what a webhook brings ends here, too."""
    if db.execute("UPDATE client SET mail = 0 WHERE email = ? AND mail", [email]).rowcount:
        print("From Flodesk: no more mail to", email)


async def main() -> None:
    db = crm()
    async with flodesk() as call:
        await fetch_unsubscribes(call, db)
        await send_clients(call, db)
        assert await members(call, CLIENTS) == {"nora@example.com", "fern@example.net"}

        await call("unsubscribe_a_flodesk_subscriber", id_or_email="fern@example.net")  # as by the link in a mail
        db.execute("UPDATE client SET stage = 'booked' WHERE name = 'Ben'")
        await fetch_unsubscribes(call, db)
        await send_clients(call, db)
        assert await members(call, CLIENTS) == {"nora@example.com", "ben@example.com"}
        assert db.execute("SELECT name FROM client WHERE NOT mail ORDER BY name").fetchall() == [("Amy",), ("Fern",)]


asyncio.run(main())
