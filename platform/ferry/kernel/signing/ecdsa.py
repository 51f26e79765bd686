"""ECDSA P-256 as Ferry uses it. Pure: bytes in, text out.

Signatures are deterministic (RFC 6979): the same statement under the same key gives the same bytes, so a snapshot that
is built again compares equal, and no weak random number can ever give a private key away.
"""

from __future__ import annotations

import base64
import binascii
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_SIGN = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
_VERIFY = ec.ECDSA(hashes.SHA256())


def new_pair() -> tuple[str, bytes]:
    """A new key pair: the public half as PEM (SubjectPublicKeyInfo), the private one as DER (PKCS #8), to be sealed."""
    private = ec.generate_private_key(ec.SECP256R1())
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return public.decode(), private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def sign(private_der: bytes, message: bytes) -> str:
    """The signature of `message`: base64 of the DER form."""
    return base64.b64encode(_private(private_der).sign(message, _SIGN)).decode()


def verify(public_pem: str, message: bytes, value: str) -> bool:
    """Whether `value` is a signature of `message` by the owner of this key; no to what is no key or no signature."""
    try:
        public_key(public_pem).verify(base64.b64decode(value, validate=True), message, _VERIFY)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def public_key(public_pem: str) -> ec.EllipticCurvePublicKey:
    """The P-256 key in this PEM. Raises ValueError for anything else, whoever has written it."""
    try:
        key = serialization.load_pem_public_key(public_pem.encode())
    except UnsupportedAlgorithm as unknown:
        raise ValueError("a key of an unknown kind") from unknown
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("no P-256 key")
    return key


@lru_cache(maxsize=64)
def _private(private_der: bytes) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_der_private_key(private_der, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("a signing key is an elliptic-curve key")
    return key
