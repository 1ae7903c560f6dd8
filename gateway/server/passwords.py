"""Password checks beside the event loop: each costs a tenth of a second of one core on purpose."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from gateway.identity.passwords import hash_password, parse_password_hash, password_matches

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.identity.passwords import PasswordHash


class PasswordChecks:
    """Checks passwords in a few threads; the rest wait, at most one for each connection."""

    def __init__(self, *, workers: int) -> None:
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="password-check")
        # An unknown name costs as much time as a known one, so that names cannot be probed.
        self._decoy = parse_password_hash(hash_password("decoy"))

    async def is_right(
        self, users: Mapping[str, PasswordHash], username: str, password: str
    ) -> bool:
        """Tell whether a name and password belong to one of the users."""
        expected = users.get(username)
        matches = await asyncio.get_running_loop().run_in_executor(
            self._threads, password_matches, password, expected or self._decoy
        )
        return matches and expected is not None

    def close(self) -> None:
        """End the threads; checks still waiting are dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)
