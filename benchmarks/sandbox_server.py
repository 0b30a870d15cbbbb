"""The embedded Flodesk over HTTP, with a quota that no benchmark reaches. Prints its address when it listens."""

import socket

import uvicorn

from flodesk_mcp.sandbox import Sandbox

UNREACHED = 10**6

if __name__ == "__main__":
    # The protocol is named, because asyncio turns Nagle's algorithm off for TCP by name only: it would cost 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    print(f"http://127.0.0.1:{listening.getsockname()[1]}/v1", flush=True)
    sandbox = Sandbox(requests_per_minute=UNREACHED)
    uvicorn.Server(uvicorn.Config(sandbox.app, log_level="error", access_log=False)).run(sockets=[listening])
