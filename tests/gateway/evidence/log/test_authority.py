"""Timestamps of a real authority are checked, each bit of them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.errors import ProofError
from gateway.evidence.log.authority import Authority, ask_for, check_reply, load_authority
from tests.gateway.evidence.log.openssl_ts import OpensslAuthority

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = b"a checkpoint\n"
SECOND_NS = 1_000_000_000


@pytest.fixture(scope="module")
def openssl(tmp_path_factory: pytest.TempPathFactory) -> OpensslAuthority:
    """Make an authority."""
    return OpensslAuthority(tmp_path_factory.mktemp("tsa") / "here")


@pytest.fixture
def trusted(openssl: OpensslAuthority) -> Authority:
    """Trust it."""
    return load_authority([openssl.root])


def test_a_timestamp_says_by_when_something_existed(
    openssl: OpensslAuthority, trusted: Authority
) -> None:
    """The authority's time, and as much later as it says that it may be wrong: here a second."""
    before_s = int(time.time())
    found_ns = trusted.check(openssl.stamp(CONTENT), CONTENT)

    assert (before_s + 1) * SECOND_NS <= found_ns <= (int(time.time()) + 1) * SECOND_NS


@pytest.mark.parametrize(
    ("more", "later_ns"),
    [
        ("", 0),
        ("accuracy = secs:2, millisecs:30, microsecs:4", 2_030_004_000),
        ("accuracy = millisecs:500", 500_000_000),
    ],
)
def test_its_accuracy_is_added(tmp_path: Path, more: str, later_ns: int) -> None:
    """Where it states one."""
    authority = OpensslAuthority(tmp_path / "here", more)
    found_ns = load_authority([authority.root]).check(authority.stamp(CONTENT), CONTENT)

    assert later_ns % SECOND_NS == found_ns % SECOND_NS
    assert abs(found_ns - later_ns - time.time_ns()) < 30 * SECOND_NS


def test_a_chain_may_be_sent_or_given(tmp_path: Path, openssl: OpensslAuthority) -> None:
    """Authorities send it in another order than the library takes; some do not send it."""
    sent, silent = openssl, OpensslAuthority(tmp_path / "silent", is_chain_sent=False)
    given = [silent.root, silent.between]

    assert load_authority([sent.root]).check(sent.stamp(CONTENT), CONTENT)
    assert load_authority(given).check(silent.stamp(CONTENT), CONTENT)
    for wrong in ([silent.root], [silent.between]):
        with pytest.raises(ProofError) as raised:
            load_authority(wrong).check(silent.stamp(CONTENT), CONTENT)
        told = str(raised.value)
        assert told.startswith("the timestamp is not good: certificate verify error: unable to get")


def test_one_of_several_authorities_is_enough(tmp_path: Path, openssl: OpensslAuthority) -> None:
    """Of files, and of certificates in one file."""
    other = OpensslAuthority(tmp_path / "other")
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(other.root.read_bytes() + openssl.root.read_bytes())
    reply = openssl.stamp(CONTENT)

    assert load_authority([other.root, openssl.root]).check(reply, CONTENT)
    assert load_authority([bundle]).check(reply, CONTENT)
    with pytest.raises(ProofError, match="not good"):
        load_authority([other.root]).check(reply, CONTENT)


def test_a_timestamp_of_something_else_is_none(
    openssl: OpensslAuthority, trusted: Authority
) -> None:
    """One byte is enough."""
    with pytest.raises(ProofError, match="Mismatch"):
        trusted.check(openssl.stamp(CONTENT), CONTENT + b"\n")


def test_no_changed_bit_proves_another_time(openssl: OpensslAuthority, trusted: Authority) -> None:
    """A few bits of RFC 5652's shell are under no signature; they mean nothing."""
    reply = openssl.stamp(CONTENT)
    right = trusted.check(reply, CONTENT)
    passed = 0
    for bit in range(8 * len(reply)):
        changed = bytearray(reply)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            assert right == trusted.check(bytes(changed), CONTENT)
            passed += 1
        except ProofError:
            continue

    assert passed < 100


@pytest.mark.parametrize("content", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_files_without_certificates_are_refused(tmp_path: Path, content: bytes) -> None:
    """Before anything is verified."""
    (tmp_path / "ca.pem").write_bytes(content)
    with pytest.raises(ProofError, match=r"ca\.pem holds no certificates"):
        load_authority([tmp_path / "ca.pem"])


def test_a_reply_is_what_was_asked_for(openssl: OpensslAuthority) -> None:
    """The same content at another time is another question."""
    request = ask_for(CONTENT)
    reply = openssl.reply(request.as_bytes())
    check_reply(request, reply, CONTENT)

    with pytest.raises(ProofError, match="answer to another request"):
        check_reply(ask_for(CONTENT), reply, CONTENT)
    with pytest.raises(ProofError, match="about something else"):
        check_reply(request, reply, CONTENT + b" ")
    with pytest.raises(ProofError, match="no timestamp"):
        check_reply(request, b"nonsense", CONTENT)


def test_a_refusal_is_told(tmp_path: Path) -> None:
    """With what the authority says about it."""
    strict = OpensslAuthority(tmp_path / "strict", digests="sha512")
    request = ask_for(CONTENT)
    refusal = strict.reply(request.as_bytes())

    with pytest.raises(ProofError, match=r"did not grant a timestamp \(2\): .*algorithm"):
        check_reply(request, refusal, CONTENT)
    with pytest.raises(ProofError, match="not good"):
        load_authority([strict.root]).check(refusal, CONTENT)
