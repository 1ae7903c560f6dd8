"""Verify as docs/verifying.md says: FOLDER [--part: segments may be gone] [KEY: has signed]."""
import json
import re
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

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
    made = map(b64decode, re.findall(rf"^— {re.escape(name)} (.+)$", lines, re.MULTILINE))
    signature = next((each for each in made if each[:4].hex() == key_id), bytes(72))
    time = f"cosignature/v1\ntime {int.from_bytes(signature[4:12], 'big')}\n"
    message = f"{time if b64decode(key)[0] == 4 else ''}{text}\n"
    return is_signed(b64decode(key)[1:], message.encode(), signature[-64:])

def tree_root(nodes: list[bytes]) -> bytes:
    half = 1 << max(len(nodes) - 1, 1).bit_length() - 1
    pair = [nodes[:half], nodes[half:]]
    return sha256(b"\x01" + b"".join(map(tree_root, pair))).digest() if nodes[1:] else nodes[0]

def log_entries(log: Path, size: int) -> Iterator[bytes]:
    for index in range(-(-size // 256)):
        name = re.sub("(...)(?=.)", r"x\1/", str(index).zfill(-(-len(str(index)) // 3) * 3))
        name += f".p/{size % 256}" * (index == size // 256)
        bundle = Path(log, "tile", "entries", name).read_bytes()
        while bundle:
            end = 2 + int.from_bytes(bundle[:2], "big")
            yield bundle[2:end]
            bundle = bundle[end:]

def headers(path: Path) -> Iterator[tuple[bytes, dict[str, int]]]:
    content, end = path.read_bytes(), 0
    while content[end : end + 4] == b"\x5b\x2a\x4d\x18":
        start = end + 8 + int.from_bytes(content[end + 4 : end + 8], "little")
        line, digest, _ = content[end + 8 : start].split(b"\n")
        header, end = json.loads(line), start + json.loads(line)["frame_bytes"]
        hashes = sha256(line).hexdigest().encode(), sha256(content[start:end]).hexdigest()
        if hashes != (digest, header["frame_sha256"]):
            raise ValueError(f"{path}: the block at byte {start} is not what its hashes say")
        yield sha256(b"\x00" + line).digest(), header

def list_flaws(origin: Path, key: bytes, options: list[str]) -> Iterator[str]:
    content = (origin / "SHA256SUMS.sig").read_text("ascii")
    signature, text = b64decode(content.split("\n")[1])[10:], content.split("\n", 2)[2]
    head = b64encode(b"Ed" + sha256(key).digest()[:8] + signature).decode()
    is_exact = content == f"untrusted comment: verify with recorder.pub\n{head}\n{text}"
    if not is_exact or not is_signed(key, text.encode(), signature):
        yield f"{origin}/SHA256SUMS.sig: it is not signed by the newest key of the log"
    for name, digest in re.findall(r"SHA256 \((.+)\) = (.+)\n", text):
        if "--part" in options and name[:9] == "segments/" and not Path(origin, name).exists():
            continue
        if sha256(Path(origin, name).read_bytes()).hexdigest() != digest:
            yield f"{origin}/{name}: it is not what the list says"

def flaws(origin: Path, options: list[str]) -> Iterator[str]:
    note = Path(origin, "log", "checkpoint").read_text("utf-8")
    size, root = int(note.split("\n")[1]), b64decode(note.split("\n")[2])
    entries = list(log_entries(origin / "log", size))
    leaves = [sha256(b"\x00" + entry).digest() for entry in entries]
    if len(leaves) != size or tree_root(leaves) != root:
        yield f"{origin}: the entries of the log do not lead to the root in the checkpoint"
    changes = [each["key_change"] for each in map(json.loads, entries) if "key_change" in each]
    signed = [[note], [each["certificate"] for each in changes]]
    newest = signed[1][-1].split("\nkey ")[1].split("\n")[0]
    stored = [(at, *each) for at in sorted(origin.glob("segments/*.zst*")) for each in headers(at)]
    for path, leaf, header in stored:
        if header["block"] < size and leaves[header["block"]] != leaf:
            yield f"{path}: block {header['block']} is not in the signed log"
    if (gone := {*leaves} - {leaf for _, leaf, _ in stored}) and "--part" not in options:
        yield f"{origin}: {len(gone)} blocks of the signed log are missing"
    for key in {newest, *options} - {"--part"}:
        if not any(all(is_note_signed(each, key) for each in notes) for notes in signed if notes):
            yield f"{origin}: it is not signed by {key}"
    yield from list_flaws(origin, b64decode(newest.split("+", 2)[2])[1:], options)

if __name__ == "__main__":
    found: list[str] = []
    under = "*/" * Path(sys.argv[1], "archive.json").exists()
    parts = (Path(sys.argv[1]).glob(under + name) for name in ("log", "segments", "sealer.lock"))
    for origin in sorted({path.parent for each in parts for path in each}) or [Path(sys.argv[1])]:
        try:
            found += flaws(origin, sys.argv[2:])
        except Exception as error:  # noqa: BLE001 - whatever damage leads to
            found.append(f"{origin}: it cannot be read: {type(error).__name__}: {error}")
    print(*found, "damaged" if found else "good", sep="\n")
    sys.exit(bool(found))
