"""Verify an archive or package with the standard library and openssl alone; docs/verifying.md.

verify.py FOLDER [--part] [KEY ...]: every KEY must have signed; --part lets segments be missing.
"""

import json
import re
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

OPENSSL = "openssl pkeyutl -verify -pubin -keyform DER -inkey key -rawin -in text -sigfile sig"
DER = bytes.fromhex("302a300506032b6570032100")
def is_signed(key: bytes, text: bytes, signature: bytes) -> bool:
    with TemporaryDirectory() as place:
        for name, content in (("key", DER + key), ("text", text), ("sig", signature)):
            Path(place, name).write_bytes(content)
        return subprocess.run(OPENSSL.split(), cwd=place, capture_output=True).returncode == 0

def is_note_signed(note: str, vkey: str) -> bool:
    name, key_id, key = vkey.split("+", 2)
    text, _, lines = note.rpartition("\n\n")
    for line in re.findall(rf"^— {re.escape(name)} (.+)$", lines, re.MULTILINE):
        time = f"cosignature/v1\ntime {int.from_bytes(b64decode(line)[4:12], 'big')}\n"
        message = f"{time if b64decode(key)[0] == 4 else ''}{text}\n"
        if b64decode(line)[:4].hex() == key_id:
            return is_signed(b64decode(key)[1:], message.encode(), b64decode(line)[-64:])
    return False

def tree_root(leaves: list[bytes]) -> bytes:
    if len(leaves) < 2:
        return b"".join(leaves)
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + tree_root(leaves[:split]) + tree_root(leaves[split:])).digest()

def tile_leaves(log: Path, size: int) -> Iterator[bytes]:
    for index in range(-(-size // 256)):
        name = re.sub("(...)(?=.)", r"x\1/", str(index).zfill(-(-len(str(index)) // 3) * 3))
        name += f".p/{size % 256}" * (index == size // 256)
        tile = Path(log, "tile", "0", name).read_bytes()
        yield from (tile[at : at + 32] for at in range(0, len(tile), 32))

def headers(path: Path) -> Iterator[tuple[bytes, Any]]:
    content, end = path.read_bytes(), 0
    while content[end : end + 4] == b"\x5b\x2a\x4d\x18":
        start = end + 8 + int.from_bytes(content[end + 4 : end + 8], "little")
        line, digest, _ = content[end + 8 : start].split(b"\n")
        header, end = json.loads(line), start + json.loads(line)["frame_bytes"]
        hashes = sha256(line).hexdigest().encode(), sha256(content[start:end]).hexdigest()
        if hashes != (digest, header["frame_sha256"]):
            raise ValueError(f"{path}: the block at byte {start} is not what its hashes say")
        yield sha256(b"\x00" + line).digest(), header

def list_flaws(origin: Path, key: bytes) -> Iterator[str]:
    content = (origin / "SHA256SUMS.sig").read_text("ascii")
    signature, text = b64decode(content.split("\n")[1])[10:], content.split("\n", 2)[2]
    head = b64encode(b"Ed" + sha256(key).digest()[:8] + signature).decode()
    is_exact = content == f"untrusted comment: verify with recorder.pub\n{head}\n{text}"
    if not is_exact or not is_signed(key, text.encode(), signature):
        yield f"{origin}/SHA256SUMS.sig: it is not signed by the newest key of the log"
    for name, digest in re.findall(r"SHA256 \((.+)\) = (.+)\n", text):
        if sha256(Path(origin, name).read_bytes()).hexdigest() != digest:
            yield f"{origin}/{name}: it is not what the list says"

def flaws(origin: Path, options: list[str]) -> Iterator[str]:
    note = Path(origin, "log", "checkpoint").read_text("utf-8")
    size, root = int(note.split("\n")[1]), b64decode(note.split("\n")[2])
    leaves, seen, signed, newest = list(tile_leaves(origin / "log", size)), set(), [[note], []], ""
    if len(leaves) != size or tree_root(leaves) != root:
        yield f"{origin}: the tiles do not lead to the root in the checkpoint"
    for path in sorted(origin.glob("segments/*.arrow.zst*")):
        for leaf, header in headers(path):
            if leaves[header["block"] : header["block"] + 1] == [leaf]:
                seen.add(header["block"])
                newest = header.get("keys", [newest])[0]
                signed[1] += [header["key_change"]["certificate"]] if "key_change" in header else []
            elif header["block"] < size:
                yield f"{path}: block {header['block']} is not in the signed log"
    if len(seen) != size and "--part" not in options:
        yield f"{origin}: {size - len(seen)} blocks of the signed log are missing"
    for key in {newest, *options} - {"--part"}:
        if not any(all(is_note_signed(each, key) for each in notes) for notes in signed if notes):
            yield f"{origin}: it is not signed by {key}"
    yield from list_flaws(origin, b64decode(newest.split("+", 2)[2])[1:])

if __name__ == "__main__":
    found: list[str] = []
    for path in sorted(Path(sys.argv[1]).rglob("segments")) or [Path(sys.argv[1], "segments")]:
        try:
            found += flaws(path.parent, sys.argv[2:])
        except Exception as error:  # noqa: BLE001 - whatever damage leads to
            found.append(f"{path.parent}: it cannot be read: {type(error).__name__}: {error}")
    print(*found, "damaged" if found else "good", sep="\n")
    sys.exit(bool(found))
