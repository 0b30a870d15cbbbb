"""Measure, print, write docs/benchmarks.md, and fail when a bound is missed."""

import sys

import anyio

from benchmarks.calls_first import measure_calls_first
from benchmarks.exports import measure_exports
from benchmarks.measures import measure_all
from benchmarks.planning import measure_memory, measure_planning
from benchmarks.redis_quota import measure_redis_quota
from benchmarks.report import table, write
from benchmarks.searches import measure_searches
from benchmarks.webhooks import measure_webhooks


def main() -> int:
    """Return the exit code."""
    measures, tools = anyio.run(measure_all)
    measures += measure_exports()
    measures += anyio.run(measure_searches)
    measures += measure_calls_first()
    measures += anyio.run(measure_planning)
    measures += measure_memory()
    measures += anyio.run(measure_redis_quota)
    measures += anyio.run(measure_webhooks)
    text = table(measures, tools)
    print(text)
    write(text)
    missed = [measure.name for measure in measures if not measure.holds]
    for name in missed:
        print(f"Missed its bound: {name}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
