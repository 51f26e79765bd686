"""The platform's master secret, and what is sealed under it.

One secret, made at the first start, read by every process (rule 12). Everything else is derived from it by purpose, so
that a value sealed for one purpose opens for no other. `Vault` is the interface that a KMS or an HSM can take over:
name a class in FERRY_VAULT. docs/operations: back up secret.key together with the database; one is useless alone.
"""

from __future__ import annotations

import base64
import os
import secrets as random
import stat
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from ferry.kernel.errors import FerryError

FILE_NAME = "secret.key"
SHORTEST = 32  # characters; 32 bytes of entropy need 43 in base64, so anything shorter was typed by hand
_NONCE = 12  # bytes; NIST SP 800-38D's size for random nonces, safe to 2**32 values per derived key
_FORMAT = "f1"


class SecretUnusable(SystemExit):
    """Stops the start: settings read the secret before anything else runs, before words can be translated."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"Ferry cannot start: the secret in {where} cannot be used: {reason}.")


class CannotUnseal(FerryError):
    code = "cannot_unseal"
    status = 500
    message = _("A sealed value does not open: {reason}")


class Vault(Protocol):
    """Keeps small secrets (private keys, provider credentials) so that the database alone gives none away."""

    def seal(self, plain: bytes, *, purpose: str) -> str: ...

    def unseal(self, sealed: str, *, purpose: str) -> bytes: ...


def master(*, data: Path | None = None, override: str | None = None) -> bytes:
    """The master secret: `override` if there is one, else the file in `data`, made there at the first call.

    Both come from the settings (FERRY_SECRET, FERRY_DATA); the settings themselves hand them in while they load.
    """
    given = settings.FERRY_SECRET if override is None else override
    if given:
        return _checked(given, "FERRY_SECRET")
    return read_or_create((data or Path(settings.FERRY_DATA)) / FILE_NAME)


@lru_cache(maxsize=8)
def read_or_create(path: Path) -> bytes:
    """The secret in `path`; made there if there is none. Any number of processes may call this at once: all get one.

    The file appears whole or not at all: it is written and synced under another name, then linked, and a link never
    replaces what another process linked first. Its text may also be given as FERRY_SECRET, on hosts that share no disk.
    """
    try:
        return _read(path)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        _create(path)
        return _read(path)


def derive(purpose: str, *, data: Path | None = None, override: str | None = None) -> bytes:
    """A 256-bit key for one purpose (HKDF-SHA256, RFC 5869): a leak of one says nothing about another."""
    return _derive(master(data=data, override=override), purpose)


def seal(plain: bytes, *, purpose: str) -> str:
    """Encrypt a small secret for the database. The same `purpose` opens it again, and no other."""
    return vault().seal(plain, purpose=purpose)


def unseal(sealed: str, *, purpose: str) -> bytes:
    """The value that `seal` was given. Raises CannotUnseal when it was changed, or sealed for another purpose."""
    return vault().unseal(sealed, purpose=purpose)


def vault() -> Vault:
    """The vault in use: the class named by FERRY_VAULT, else AES-GCM under the master secret."""
    return _vault(getattr(settings, "FERRY_VAULT", ""))


class LocalVault:
    """AES-256-GCM under a key derived per purpose; purpose and format are authenticated too.

    Sealed text: `f1.<fingerprint of the master secret>.<base64url(nonce + ciphertext + tag)>`. The fingerprint lets a
    restored database say "another secret.key" instead of a mere "wrong tag".
    """

    def seal(self, plain: bytes, *, purpose: str) -> str:
        nonce = random.token_bytes(_NONCE)
        box = AESGCM(derive(purpose)).encrypt(nonce, plain, _bound(purpose))
        return f"{_FORMAT}.{self._fingerprint()}.{base64.urlsafe_b64encode(nonce + box).decode()}"

    def unseal(self, sealed: str, *, purpose: str) -> bytes:
        try:
            form, fingerprint, payload = sealed.split(".")
            raw = base64.urlsafe_b64decode(payload)
        except ValueError as error:
            raise CannotUnseal(reason="it is not in the sealed form") from error
        if base64.urlsafe_b64encode(raw).decode() != payload:  # base64 has spare bits and readers that skip letters
            raise CannotUnseal(reason="it is not in the sealed form")
        if form != _FORMAT:
            raise CannotUnseal(reason=f"the form {form!r} is unknown to this version of Ferry")
        if fingerprint != self._fingerprint():
            raise CannotUnseal(reason=f"it was sealed with another secret; restore the {FILE_NAME} of that time")
        try:
            return AESGCM(derive(purpose)).decrypt(raw[:_NONCE], raw[_NONCE:], _bound(purpose))
        except (InvalidTag, ValueError) as error:
            raise CannotUnseal(reason="it was changed, or sealed for another purpose") from error

    @staticmethod
    def _fingerprint() -> str:
        return derive("fingerprint")[:4].hex()


def _bound(purpose: str) -> bytes:
    return f"ferry|{_FORMAT}|{purpose}".encode()


@lru_cache(maxsize=256)
def _derive(secret: bytes, purpose: str) -> bytes:
    return HKDF(hashes.SHA256(), length=32, salt=b"ferry", info=purpose.encode()).derive(secret)


@lru_cache(maxsize=4)
def _vault(name: str) -> Vault:
    made: Vault = import_string(name)() if name else LocalVault()
    return made


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & 0o007:
            raise SecretUnusable(str(path), f"everybody may read it (mode {mode:o}); run chmod 600 on it")
        return _checked(file.read(4096).decode("ascii", "replace"), str(path))


def _checked(text: str, where: str) -> bytes:
    text = text.strip()
    if len(text) < SHORTEST:
        raise SecretUnusable(
            where, f"it has {len(text)} characters and {SHORTEST} are needed; restore it from the backup"
        )
    return text.encode()


def _create(path: Path) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{random.token_hex(4)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(base64.urlsafe_b64encode(random.token_bytes(32)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return  # another process was first; its secret is the secret
    finally:
        temporary.unlink()
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable: a rename or link is only safe once its folder is on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
