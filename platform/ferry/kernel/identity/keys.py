"""How Ferry's credentials look and how they are compared. Pure: no Django, no clock; the edge imports it too.

Every secret has at least 160 random bits, so a plain SHA-256 is a safe thing to store and to look up: nobody can try
the values. A prefix says what was leaked when one turns up in a log, and lets secret scanners find it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

# What the sealed fields of a host app are sealed for: `secrets.unseal(value, purpose=…)`
DEVICE_TOKEN_PURPOSE = "device-token"  # noqa: S105 a name, not a secret
USER_TOKEN_PURPOSE = "user-token"  # noqa: S105 a name, not a secret

TOKEN_PREFIX_LENGTH = 15  # "ft_" and 12 characters: 60 bits, public, what a token is looked up by
APP_SECRET_PREFIX_LENGTH = 16  # "fms_" and 12 characters, as above
_APP_SECRET = re.compile(r"fms_[0-9a-z]{12}_[0-9a-z]{40}")
_TOKEN = re.compile(r"ft_[0-9a-z]{12}_[0-9a-z]{40}")
_PEM_LIMIT = 8192  # bytes; an RSA key of 16,384 bits has 2.8 kB


@dataclass(frozen=True, slots=True)
class Credential:
    """A secret in clear, to be shown once, beside what may be stored of it."""

    plain: str
    prefix: str
    hash: str


def api_token(seed: bytes | None = None) -> Credential:
    """A management token, "ft_<12 public>_<40 secret>"; the same one for the same seed."""
    text = _base32(seed, 52)
    plain = f"ft_{text[:12]}_{text[12:]}"
    return Credential(plain, plain[:TOKEN_PREFIX_LENGTH], sha256(plain))


def server_key(seed: bytes | None = None) -> Credential:
    """A server key of a host app, "fs_<52 secret>"; the same one for the same seed."""
    plain = f"fs_{_base32(seed, 52)}"
    return Credential(plain, plain[:7], sha256(plain))


def app_secret() -> Credential:
    """The app secret of a mini-program, "fms_<12 public>_<40 secret>"."""
    text = _base32(None, 52)
    plain = f"fms_{text[:12]}_{text[12:]}"
    return Credential(plain, plain[:APP_SECRET_PREFIX_LENGTH], sha256(plain))


def shared_secret(seed: bytes | None = None) -> bytes:
    """The 32 bytes of an HS256 key (RFC 7518 section 3.2: at least the hash's size)."""
    return hashlib.sha256(b"hs256" + seed).digest() if seed is not None else secrets.token_bytes(32)


def shared_secret_text(secret: bytes) -> str:
    """The form that is shown: base64url without padding, as in a JWK's "k" (RFC 7518 section 6.4.1)."""
    return base64.urlsafe_b64encode(secret).rstrip(b"=").decode()


def sha256(plain: str) -> str:
    """What is stored of a credential."""
    return hashlib.sha256(plain.encode()).hexdigest()


def same(one: str, other: str) -> bool:
    """Compare two digests in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


def looks_like_token(plain: str) -> bool:
    """Whether the text has a token's form, so that nothing else reaches the database."""
    return _TOKEN.fullmatch(plain) is not None


def looks_like_app_secret(plain: str) -> bool:
    """Whether the text has an app secret's form."""
    return _APP_SECRET.fullmatch(plain) is not None


def address_allowed(address: str, networks: list[str]) -> bool:
    """Whether a client at `address` may use a credential bound to `networks`; no networks means anywhere."""
    if not networks:
        return True
    try:
        client = ip_address(address)
    except ValueError:
        return False  # an unknown address is in no network
    return any(client in ip_network(network) for network in networks)


def public_pem(alg: str, text: str) -> str:
    """The key in the one form that is stored. Raises ValueError with what is wrong: private, too weak, other kind."""
    if len(text.encode()) > _PEM_LIMIT:
        raise ValueError(f"it is longer than {_PEM_LIMIT} bytes")
    if "PRIVATE KEY" in text:
        raise ValueError("it is a private key; send the public one and keep this one secret")
    try:
        key = serialization.load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("it is not a public key in PEM form (“-----BEGIN PUBLIC KEY-----”)") from None
    if alg == "ES256" and not (isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)):
        raise ValueError("ES256 needs an elliptic-curve key on P-256")
    if alg == "RS256" and not (isinstance(key, rsa.RSAPublicKey) and 2048 <= key.key_size <= 8192):
        raise ValueError("RS256 needs an RSA key of 2048 to 8192 bits")
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def _base32(seed: bytes | None, length: int) -> str:
    """`length` characters of Crockford base32, 5 bits each: random, or stretched from the seed."""
    bits = length * 5
    wide = hashlib.shake_256(seed).digest(40) if seed is not None else secrets.token_bytes(40)
    value = int.from_bytes(wide) & (1 << bits) - 1
    alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
    return "".join(alphabet[value >> 5 * place & 31] for place in range(length))
