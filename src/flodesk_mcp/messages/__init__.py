"""Messages between the processes of a hosted server, by topic: who listens to a topic hears what is published on it.

    messages: Messages = InProcessMessages()          # one process
    messages: Messages = RedisMessages(link, url)     # replicas; `async with messages.running():` while it serves

    stop = messages.listen("events acc_1", heard)     # heard(message: bytes) is called, and must not wait
    messages.publish("events acc_1", b"...")          # at once; returns before others have heard it
    stop()

Both calls may be made at any time, from the event loop. The process that publishes hears itself, at once. A topic is
any text of up to 500 characters; what belongs to an account has its identity in it. A message is a few kilobytes at
most. Nothing is kept: who does not listen, or cannot be reached while Redis is away, may never hear it, or twice. So a
message says that there is something to look at, and whoever needs certainty looks there from time to time.
`await messages.ready()` returns when all that this process listens to is heard from other processes, too, or Redis is
away.

`over_redis` is imported by who needs it: it needs the package redis.
"""

from flodesk_mcp.messages.in_process import InProcessMessages
from flodesk_mcp.messages.protocol import Listener, Messages, Stop

__all__ = ["InProcessMessages", "Listener", "Messages", "Stop"]
