"""Ask for one approved request as soon as told to: one of several processes that race."""

from __future__ import annotations

import asyncio
import sys

from gateway.approvals.migrate import open_engine
from gateway.approvals.store import Store
from tests.gateway.approvals.samples import NOW, SINGLE


async def main(address: str) -> None:
    """Say ready, wait for a line, ask, and print the answer."""
    store = Store(open_engine(address))
    await store.listed([])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    taken = await store.ask(SINGLE, NOW + 1)
    sys.stdout.write(f"{taken.answer.kind} {taken.answer.request_id}\n")
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
