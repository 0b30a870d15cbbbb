"""What `doctor` says of the Redis that replicas share."""

from typing import NamedTuple

import anyio

__all__ = ["RedisFindings", "look_at_redis"]

LOOK_SECONDS = 5.0


class RedisFindings(NamedTuple):
    """`state` is ok, note or wrong; `remedy` what to do about it."""

    state: str
    words: str
    remedy: str = ""


async def look_at_redis(url: str) -> RedisFindings:
    """Reach the Redis at `url`, and tell whether replicas can rely on it. Raises ValueError for no address."""
    from flodesk_mcp.redis_link import TROUBLE, connections, evicts, facts_of, new_connection

    connection = new_connection(connections(url))
    try:
        with anyio.fail_after(LOOK_SECONDS):
            await connection.connect()  # type: ignore[no-untyped-call]
            facts = await facts_of(connection)
    except TROUBLE as error:
        problem = str(error) or "it does not answer"
        return RedisFindings("wrong", problem, "Check FLODESK_REDIS_URL, its password, and whether Redis runs.")
    finally:
        await connection.disconnect(nowait=True)
    version = f"Redis {facts.get('redis_version', 'of an unknown version')} answers"
    if name := facts.get("server_name"):
        version = f"{name.capitalize()} {facts.get(f'{name}_version', '')} answers"
    if evicts(facts):
        return RedisFindings(
            "note", f"{version}, but forgets what it has no room for.", "Set its maxmemory-policy to noeviction."
        )
    return RedisFindings("ok", version)
