"""Memory that was freed is used again, where the C library can be told so."""

from __future__ import annotations

import json
import platform
import subprocess
import sys

# Takes frames of a megabyte from a stream, as a gateway does, and counts page faults.
PROGRAM = """
import json, resource
from gateway.server.memory import keep_freed_memory
from gateway.wire.frames import FrameBuffer, frame

told = {told} and keep_freed_memory()
content = frame(bytes(1_000_000))
frames = FrameBuffer(frame_bytes_max=len(content))
held = []
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for number in range(200):
    for start in range(0, len(content), 200_000):
        whole = frames.feed(bytearray(content[start : start + 200_000]))
    held = [*held[-3:], frame(*whole)]
faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
print(json.dumps([told, faults]))
"""


def faults(*, told: bool) -> tuple[bool, int]:
    """Run the program and return whether the C library took the advice, and the faults."""
    program = PROGRAM.format(told=told)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    is_taken, count = json.loads(done.stdout)
    return is_taken, count


def test_freed_memory_is_used_again() -> None:
    """With glibc the page faults all but vanish; elsewhere nothing is changed, and it says so."""
    is_glibc = platform.libc_ver()[0] == "glibc"
    is_taken, count = faults(told=True)

    assert is_taken == is_glibc
    assert not is_glibc or count * 10 < faults(told=False)[1]
