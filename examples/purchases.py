"""Purchases: what each customer spent, in custom fields; and a segment of those who spent the most.

The segment follows the orders: who reaches the limit joins, and nobody stays in who is not in the list.
"""

import asyncio
import csv
import io
from collections import defaultdict
from decimal import Decimal

from connection import Call, carried_out, flodesk, members, segment

BEST, LIMIT = "Best customers", Decimal(500)
ORDERS = """\
email,first name,date,total
nora@example.com,Nora,2026-03-01,180.00
ben@example.com,Ben,2026-03-04,95.50
nora@example.com,Nora,2026-10-12,360.00
mei@example.com,Mei,2026-10-30,740.00
"""  # what your shop exports


def by_customer(orders: str) -> list[dict[str, str]]:
    """Return a row for each customer, with the columns as they shall be called in Flodesk."""
    rows = defaultdict(list)
    for order in csv.DictReader(io.StringIO(orders)):
        rows[order["email"]].append(order)
    return [
        {
            "email": email,
            "first name": bought[-1]["first name"],
            "Total spent": str(sum(Decimal(order["total"]) for order in bought)),
            "Last order": max(order["date"] for order in bought),
        }
        for email, bought in rows.items()
    ]


def as_csv(rows: list[dict[str, str]]) -> str:
    """Return the rows with their headings."""
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


async def write_purchases(call: Call, customers: list[dict[str, str]]) -> None:
    """Write everybody's fields by a plan, which makes the fields, and says what it would do before it does it."""
    plan = await call(
        "plan_flodesk_import", csv=as_csv(customers), segment_ids=["Customers"], create_missing_fields=True
    )
    print("Import:", {name: plan[name] for name in ("rows", "new", "fields_to_create") if name in plan})
    await carried_out(call, plan)


async def keep_best(call: Call, customers: list[dict[str, str]]) -> None:
    """Make the segment exactly those who spent enough."""
    best = [{"email": row["email"]} for row in customers if Decimal(row["Total spent"]) >= LIMIT]
    plan = await call(
        "plan_flodesk_segment_sync", segment_id=await segment(call, BEST), people=best, remove_others=True
    )
    print(f"{BEST}:", {name: plan[name] for name in ("to_add", "to_remove") if name in plan})
    await carried_out(call, plan)


async def main() -> None:
    async with flodesk() as call:
        customers = by_customer(ORDERS)
        await write_purchases(call, customers)
        await keep_best(call, customers)
        nora = await call("get_single_flodesk_subscriber_by_id", id_or_email="nora@example.com")
        assert nora["custom_fields"] == {"totalSpent": "540.00", "lastOrder": "2026-10-12"}
        assert await members(call, BEST) == {"nora@example.com", "mei@example.com"}


asyncio.run(main())
