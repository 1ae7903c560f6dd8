"""The sections about TLS."""

from __future__ import annotations

from pathlib import Path

from gateway.config.tls import ListenerTls, UpstreamTls


def test_paths_count_from_a_folder() -> None:
    """Those that are given; and all of them are the section's files."""
    bare = ListenerTls(certificate=Path("a.crt"), key=Path("a.key")).within(Path("/etc/gateway"))
    full = ListenerTls(
        certificate=Path("a.crt"),
        key=Path("a.key"),
        client_authentication="required",
        client_ca=Path("ca.pem"),
        client_crl=Path("/crl.pem"),
    ).within(Path("/etc/gateway"))

    assert bare.files == (Path("/etc/gateway/a.crt"), Path("/etc/gateway/a.key"))
    assert full.files == (*bare.files, Path("/etc/gateway/ca.pem"), Path("/crl.pem"))


def test_the_other_side_has_files_too() -> None:
    """Each of them is optional."""
    bare = UpstreamTls().within(Path("/etc/gateway"))
    full = UpstreamTls(ca=Path("ca.pem"), certificate=Path("a.crt"), key=Path("/a.key"))

    assert () == bare.files
    assert full.within(Path("/etc/gateway")).files == (
        Path("/etc/gateway/ca.pem"),
        Path("/etc/gateway/a.crt"),
        Path("/a.key"),
    )
