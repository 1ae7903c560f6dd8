"""Contexts of TLS come from files, name the file that is wrong, and follow their files."""

from __future__ import annotations

import ssl
from functools import partial
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.config.tls import ListenerTls, UpstreamTls
from gateway.server.tls import LiveContext, TlsError, listener_context, upstream_context
from tests.authority import Authority

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority of this test alone."""
    return Authority(tmp_path / "authority")


@pytest.fixture
def tls(authority: Authority) -> ListenerTls:
    """What a listener needs."""
    made = authority.certify("gateway")
    return ListenerTls(certificate=made.certificate, key=made.key)


def test_a_listener_takes_new_versions_only(tls: ListenerTls) -> None:
    """TLS 1.2 at least, or what the configuration says; nobody is asked for a certificate."""
    newest = listener_context(tls.model_copy(update={"min_version": "1.3"}))

    assert ssl.TLSVersion.TLSv1_2 is listener_context(tls).minimum_version
    assert ssl.TLSVersion.TLSv1_3 is newest.minimum_version
    assert ssl.CERT_NONE is newest.verify_mode


def test_clients_are_asked_for_certificates_as_configured(
    tls: ListenerTls, authority: Authority
) -> None:
    """With a list of revoked ones, each is looked up in it."""
    asking = {"client_ca": authority.certificate, "client_authentication": "requested"}
    crl = {"client_authentication": "required", "client_crl": authority.revoke()}
    requested = listener_context(tls.model_copy(update=asking))
    required = listener_context(tls.model_copy(update=asking | crl))

    assert ssl.CERT_OPTIONAL is requested.verify_mode
    assert ssl.CERT_REQUIRED is required.verify_mode
    assert required.verify_flags & ssl.VERIFY_CRL_CHECK_LEAF
    assert not requested.verify_flags & ssl.VERIFY_CRL_CHECK_LEAF


@pytest.mark.parametrize(
    ("broken", "content", "told"),
    [
        ("certificate", None, "cannot be read: No such file"),
        ("key", None, "cannot be read: No such file"),
        ("certificate", "nonsense", "cannot be used: .*: give a certificate and the private key"),
        ("key", "nonsense", "cannot be used: .*: give a certificate and the private key"),
        ("client_ca", "nonsense", "cannot be used: .*give certificates or lists in PEM"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    tls: ListenerTls, tmp_path: Path, broken: str, content: str | None, told: str
) -> None:
    """OpenSSL's own words say neither which file nor what to do."""
    file = tmp_path / "broken.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(TlsError, match=f"broken.pem.*{told}|broken.pem {told}"):
        listener_context(tls.model_copy(update={broken: file}))


def test_a_key_of_another_certificate_is_told(tls: ListenerTls, tmp_path: Path) -> None:
    """It is the commonest mistake after a renewal."""
    other = tmp_path / "other.key"
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    other.write_bytes(ec.generate_private_key(ec.SECP256R1()).private_bytes(*form))

    with pytest.raises(TlsError, match="the key is that of another certificate"):
        listener_context(tls.model_copy(update={"key": other}))


def test_an_encrypted_key_is_refused(authority: Authority) -> None:
    """Nobody is asked for its password, on a terminal that a service does not have."""
    made = authority.certify("gateway")
    made.encrypt()

    with pytest.raises(TlsError, match=r"gateway.key is encrypted: decrypt it"):
        listener_context(ListenerTls(certificate=made.certificate, key=made.key))


def test_a_context_follows_its_files(tls: ListenerTls, authority: Authority) -> None:
    """A change is taken up when the files are at rest, once."""
    live = LiveContext(partial(listener_context, tls), tls.files)
    first = live.current
    looks = [live.has_changed()]
    authority.certify("gateway")
    looks += [live.has_changed(), live.has_changed()]
    problem = live.reload()
    looks += [live.has_changed(), live.has_changed()]

    assert looks == [False, False, True, False, False]
    assert problem is None
    assert first is not live.current


def test_a_bad_file_changes_nothing_and_is_told_once(tls: ListenerTls) -> None:
    """A gateway that runs goes on with what it has."""
    live = LiveContext(partial(listener_context, tls), tls.files)
    first = live.current
    tls.key.unlink()
    looks = [live.has_changed(), live.has_changed()]
    problem = live.reload()

    assert looks == [False, True]
    assert f"{tls.key} cannot be read: No such file or directory" == problem
    assert first is live.current
    assert not live.has_changed()


def test_brokers_are_trusted_as_configured(authority: Authority) -> None:
    """By the system's authorities, by our own alone, or without a look."""
    made = authority.certify("gateway")
    own = upstream_context(
        UpstreamTls(ca=authority.certificate, certificate=made.certificate, key=made.key)
    )
    blind = upstream_context(UpstreamTls(verify=False))

    assert 1 == len(own.get_ca_certs())
    assert own.check_hostname
    assert 1 < upstream_context(UpstreamTls()).cert_store_stats()["x509_ca"]
    assert (False, ssl.CERT_NONE) == (blind.check_hostname, blind.verify_mode)
