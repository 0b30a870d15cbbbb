"""What replicas, a quota in Redis and traces make of the throughput of a hosted server, each against one without.

As in `benchmarks.hosted`, the rounds of all servers alternate; the callers bring their own keys.
"""

import os
import sys
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import anyio

from benchmarks.hosted import NEWEST, ROUNDS, Measured, load, ratio
from benchmarks.hosted_servers import ACCOUNTS, served
from deploy.programs import NotInstalled, Redis, free_port, running
from flodesk_mcp.store import new_key

FOR_LOAD_AND_FLODESK = 2
"""Processors that are busy already: only with more can a second replica answer more."""

LEAST_OF_TWO = 1.7 if (os.cpu_count() or 1) > FOR_LOAD_AND_FLODESK else 1.0
"""Where there are no more it must not lose any."""

LEAST_WITH_REDIS = 0.9
LEAST_WITH_TRACES = 0.98


def main(rounds: int) -> int:
    """Measure, print a table, and return 1 when something costs more than wanted."""
    with ExitStack() as stack:
        flodesk = f"{stack.enter_context(served('flodesk'))[0]}/v1"
        keys = iter(range(4 * ACCOUNTS))

        def server(name: str, *environments: dict[str, str], role: str = "headers") -> Measured:
            processes = [stack.enter_context(served(role, FLODESK_BASE_URL=flodesk, **told)) for told in environments]
            return Measured(
                name, NEWEST, processes, [{"X-Flodesk-Api-Key": f"key-{next(keys)}"} for _ in range(ACCOUNTS)]
            )

        alone = server("quota in memory", {})
        traced = server("the same, with traces", {}, role="traced")
        pairs = [(traced, alone, LEAST_WITH_TRACES)]
        try:
            redis = Redis(Path(stack.enter_context(TemporaryDirectory())), free_port())
        except NotInstalled as missing:
            print(f"{missing}: replicas were left out")
        else:
            stack.enter_context(running(redis))
            shared = {"FLODESK_REDIS_URL": redis.url, "FLODESK_ENCRYPTION_KEYS": new_key()}
            one, two = server("quota in Redis", shared), server("two replicas", shared, shared)
            pairs += [(one, alone, LEAST_WITH_REDIS), (two, one, LEAST_OF_TWO)]
        anyio.run(load, [alone, *(measured for measured, _, _ in pairs)], rounds)
        return _report(alone, pairs)


def _report(alone: Measured, pairs: list[tuple[Measured, Measured, float]]) -> int:
    print(f"{'':24}{'cpu ms':>8}{'calls/s':>9}{'against':>24}{'ratio':>7}{'at least':>10}")
    print(f"{alone.name:24}{median(alone.cpu_milliseconds):8.2f}{median(alone.calls_per_second):9.0f}")
    missed = False
    for measured, beside, least in pairs:
        calls = ratio(measured.calls_per_second, beside.calls_per_second)
        print(
            f"{measured.name:24}{median(measured.cpu_milliseconds):8.2f}{median(measured.calls_per_second):9.0f}"
            f"{beside.name:>24}{calls:7.2f}{least:10.2f}"
        )
        missed |= calls < least
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else ROUNDS))
