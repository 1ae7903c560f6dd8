"""README.txt: what a package is, and how whoever gets it checks it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from workbench.package.description import Description

_HEAD: Final = """\
EVIDENCE OF A KAFKA GATEWAY

This folder holds what a recording gateway (streamwitness) kept of the traffic between Kafka clients
and brokers, and what is needed to check that it is as it was recorded. Nothing in it needs to be
trusted before it is checked, this text included.

"""
_FILES: Final = """\
WHAT IS IN IT

archive.json, and a folder for each recorder with segments (the records) and log (what was signed)
package.json   what this package is, with the versions of all that made it
case.jsonld    the same in CASE/UCO (caseontology.org)
verify.py      checks it with Python's standard library and openssl
keys           the public keys: compare the root key with the one that you were given
"""
_MORE: Final = {
    "selection.json": "selection.json  what was left out\n",
    "proofs": "proofs         for each block a proof that the log holds it (c2sp.org/tlog-proof)\n",
    "report": "report         the report\n",
    "custody": "custody        the custody log of the case, up to this package\n",
}
_CHECK: Final = """
HOW TO CHECK IT

Each step needs less trust in others than the one before. Begin in this folder.

1. No file changed since the list was made (coreutils):
       sha256sum --quiet -c {sums}
2. The segments are whole (zstd):
       zstd -tq */segments/*.zst
3. {signify}
4. {log}
5. All of it, each damage with its place (pip install streamwitness):
       streamwitness verify .{option}
   {answer}

{shown}
"""
_LOG: Final = """The log is signed, and every block is in it (Python 3, openssl):
       python3 verify.py .{part}{root}"""
_NO_LOG: Final = """Not everything in it has a signed log, which verify.py needs: leave this out."""
_SHOWN: Final = """\
With a root key that you were given elsewhere, and the key of a witness, steps 4 and 5 show that
nobody without the recorder's key altered it, or, witnessed, not even its holder."""
_NOT_SHOWN: Final = """\
What has no signed log could have been written anew by anybody: compare the chain heads in
package.json with ones that were noted elsewhere."""
_LACKS: Final = "\n   whose list also names the files that were left out of this package"
_SIGNED: Final = """The list is signed (signify), with a key that you were given elsewhere:
       signify -C -p KEY.pub -x {sums}"""
_UNSIGNED: Final = """The list of this package is not signed: whoever changes files can change it
   too."""
_RECORDERS: Final = """ What the recorder signed is checked by the next steps, and in its folder by
       signify -C -p recorder.pub -x SHA256SUMS.sig{lacks}"""


def readme(description: Description, *, is_signed: bool, names: frozenset[str]) -> str:
    """Return the text for a package that has these files and folders besides the usual ones."""
    sums = "SHA256SUMS.sig" if is_signed else "SHA256SUMS"
    roots = sorted(
        {key for each in description.origins for role, key in each.keys if role == "root"}
    )
    # Segments that expired are no longer there either.
    is_part = description.verdict == "selection" or any(
        each.left_out_events for each in description.origins
    )
    answer = {
        "whole": "It answers: whole.",
        "selection": "It answers: a selection (exit code 3), for parts were left out.",
    }.get(description.verdict, "It answers: damaged, and names what is listed above.")
    has_logs = all(each.log is not None for each in description.origins)
    unsigned = _UNSIGNED + (_RECORDERS.format(lacks=_LACKS if is_part else "") if has_logs else "")
    root = f" '{roots[0]}'" if len(roots) == 1 else ""
    log = _LOG.format(part=" --part" if is_part else "", root=root)
    check = _CHECK.format(
        sums=sums,
        signify=_SIGNED.format(sums=sums) if is_signed else unsigned,
        log=log if has_logs else _NO_LOG,
        shown=_SHOWN if has_logs else _NOT_SHOWN,
        option=f" --root-key '{roots[0]}'" if len(roots) == 1 else "",
        answer=answer,
    )
    more = "".join(line for name, line in _MORE.items() if name in names)
    return "".join((_HEAD, _about(description), _FILES, more, check))


def counted(number: int, noun: str) -> str:
    """Return how many there are, in words."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _about(description: Description) -> str:
    lines = [f"WHAT IT IS\n\nmade from the archive {description.archive}"]
    for each in description.origins:
        span = f", {each.first_time} to {each.last_time}" if each.first_time else ""
        held = f"{counted(each.segments, 'segment')}, {counted(each.events, 'event')}"
        lines.append(f"{each.origin}: {held}{span}")
        if each.left_out_events:
            lines.append(f"{each.origin}: NOT IN IT: {counted(each.left_out_events, 'event')}")
    lines += [f"{origin} WAS LEFT OUT" for origin in description.origins_left_out]
    if description.faults:
        lines.append(f"\nTHE ARCHIVE IS DAMAGED: {counted(len(description.faults), 'fault')}")
        lines += [f"- {fault}" for fault in description.faults]
    return "\n".join(lines) + "\n\n"
