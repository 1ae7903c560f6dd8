"""The public keys of an issuer (RFC 7517): those among them that may sign tokens."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gateway.identity.strict_json import StrictJsonError, parse_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from joserfc.jwk import Key

RSA_BITS_MIN = 2_048
KEYS_MAX = 200
_PUBLIC = ("kty", "kid", "use", "alg", "key_ops", "n", "e", "crv", "x", "y")


class KeySetError(Exception):
    """The document is no set with keys that could be used."""


@dataclass(frozen=True, slots=True)
class NamedKey:
    """One key with the name that tokens call it by, and the algorithm it is bound to, if any."""

    kid: str | None
    algorithm: str | None
    key: Key


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys of an issuer at one time."""

    keys: tuple[NamedKey, ...]

    def find(self, kid: str | None) -> NamedKey | None:
        """Find the key that a token names; one that names none is of the only key there is."""
        found = [each for each in self.keys if kid is None or each.kid == kid]
        return found[0] if len(found) == 1 else None


def parse_key_set(document: bytes) -> KeySet:
    """Read a JWK set; keys that cannot check a signature are left out.

    These are keys for encryption, shared secrets, RSA keys that are too short, and kinds that are
    not known. Raises KeySetError when nothing is left.
    """
    try:
        entries = parse_object(document).get("keys")
    except StrictJsonError as error:
        raise KeySetError(f"the key set {error}") from None
    if not isinstance(entries, list) or len(entries) > KEYS_MAX:
        raise KeySetError(f"the key set has no list of at most {KEYS_MAX} keys")
    keys = tuple(_usable(entries))
    if not keys:
        raise KeySetError("the key set has no key that could sign a token")
    return KeySet(keys)


def _usable(entries: list[object]) -> Iterator[NamedKey]:
    for entry in entries:
        if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
            continue
        key = _import(entry)
        if key is not None:
            kid, algorithm = entry.get("kid"), entry.get("alg")
            yield NamedKey(
                kid if isinstance(kid, str) else None,
                algorithm if isinstance(algorithm, str) else None,
                key,
            )


def _import(entry: Mapping[str, Any]) -> Key | None:
    public = {name: entry[name] for name in _PUBLIC if name in entry}
    try:
        match entry.get("kty"):
            case "RSA" if _modulus_bits(str(entry.get("n"))) >= RSA_BITS_MIN:
                return RSAKey.import_key(public)
            case "EC":
                return ECKey.import_key(public)
            case "OKP":
                return OKPKey.import_key(public)
            case _:
                return None
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def _modulus_bits(modulus: str) -> int:
    raw = urlsafe_b64decode(modulus + "=" * (-len(modulus) % 4))
    return int.from_bytes(raw).bit_length()
