"""Ed25519 keys in files: the private half encrypted under a passphrase, the public half beside it.

The passphrase becomes a key by scrypt (RFC 7914), and AES-256-GCM encrypts under that; decision
0012 says why this and not PKCS #8.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from barlovento.errors import BadInput, IntegrityError, Refused
from barlovento.guard.verifier import (
    COSIGNATURE,
    ED25519,
    VerifierKey,
    VerifyError,
    canonical,
    good_name,
    parse_key,
    strict_base64,
    strict_json,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SCHEMA = "barlovento/key/1"
COST = 1 << 17
"""Scrypt's work factor: 128 MiB and about half a second for each guess."""

DEAREST = 1 << 20
SHORTEST = 10
"""Signs of a passphrase."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A private key in memory, with the public key that others know it by.

    Parameters
    ----------
    key : VerifierKey
        Name and public key.
    private : Ed25519PrivateKey
        Never printed.
    """

    key: VerifierKey
    private: Ed25519PrivateKey = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message (RFC 8032)."""
        return self.private.sign(message)


def new_key(name: str, *, seed: bytes, witness: bool = False) -> SigningKey:
    """Make a key from 32 random bytes.

    Raises
    ------
    BadInput
        The name holds blanks or ``+``.
    """
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ImportError as error:
        raise BadInput(
            "Keys need the package `cryptography`. Install Barlovento with its extra `permission`."
        ) from error

    if not good_name(name) or "/" in name[:1]:
        raise BadInput(
            f"{name!r} can't be a key's name: it may hold no blanks and no +. "
            "Try a short name, or one like example.org/watch."
        )
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public = private.public_key().public_bytes_raw()
    kind = COSIGNATURE if witness else ED25519
    return SigningKey(key=VerifierKey(name=name, kind=kind, public=public), private=private)


def write_key(
    signing: SigningKey,
    folder: Path,
    passphrase: str,
    *,
    salt: bytes,
    nonce: bytes,
    cost: int = COST,
) -> tuple[Path, Path]:
    """Write the encrypted private key and the public key; return both paths.

    Parameters
    ----------
    signing : SigningKey
        What to write.
    folder : Path
        Where; it is made.
    passphrase : str
        Ten signs or more.
    salt, nonce : bytes
        16 and 12 random bytes.
    cost : int
        Scrypt's work factor.

    Raises
    ------
    Refused
        The passphrase is too short.
    BadInput
        A key of that name is there already, or the place can't be written.
    """
    if len(passphrase) < SHORTEST or len(set(passphrase)) < 4:
        raise Refused(f"The passphrase is too easy to guess: take {SHORTEST} signs or more.")
    head = {
        "schema": SCHEMA,
        "key": str(signing.key),
        "kdf": {"name": "scrypt", "n": cost, "r": 8, "p": 1, "salt": salt.hex()},
        "cipher": {"name": "AES-256-GCM", "nonce": nonce.hex()},
    }
    secret = _cipher(passphrase, salt, cost).encrypt(
        nonce, signing.private.private_bytes_raw(), canonical(head)
    )
    text = canonical({**head, "secret": base64.b64encode(secret).decode()}) + b"\n"
    stem = signing.key.name.rpartition("/")[2]
    private, public = folder / f"{stem}.key", folder / f"{stem}.pub"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in (private, public):
            if path.exists():
                raise BadInput(
                    f"{path} is there already. Keys are never overwritten: take a new name."
                )
        _write_new(private, text, 0o600)
        _write_new(public, f"{signing.key}\n".encode(), 0o644)
    except OSError as error:
        raise BadInput(f"Can't write the key into {folder}: {error.strerror or error}.") from error
    return private, public


def read_key(path: Path, passphrase: str) -> SigningKey:
    """Read a private key.

    Raises
    ------
    BadInput
        The file is not a key.
    Refused
        The passphrase is wrong, or the file was changed.
    """
    from cryptography.exceptions import InvalidTag

    content = _content(path)
    try:
        kdf, secret = content["kdf"], strict_base64(content["secret"])
        salt, nonce = bytes.fromhex(kdf["salt"]), bytes.fromhex(content["cipher"]["nonce"])
        head = {name: value for name, value in content.items() if name != "secret"}
        if (kdf["name"], kdf["r"], kdf["p"]) != ("scrypt", 8, 1) or not 2 <= kdf["n"] <= DEAREST:
            raise BadInput(f"{path} was encrypted in a way that is not known here.")
        seed = _cipher(passphrase, salt, kdf["n"]).decrypt(nonce, secret, canonical(head))
        known = parse_key(content["key"])
    except InvalidTag as error:
        raise Refused(f"The passphrase of {path} is wrong, or the file was changed.") from error
    except (KeyError, TypeError, ValueError, VerifyError) as error:
        raise BadInput(f"{path} is not a key that `barlovento keys new` wrote: {error}") from error
    signing = new_key(known.name, seed=seed, witness=known.kind == COSIGNATURE)
    if signing.key != known:
        raise IntegrityError(f"{path} says it is {known}, but holds another key.")
    return signing


def public_key(path: Path) -> VerifierKey:
    """Read a public key from a ``.pub`` file or from the open part of a ``.key`` file.

    Raises
    ------
    BadInput
        The file holds no public key.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"Can't read the key {path}: {error}.") from error
    try:
        if text.startswith("{"):
            return parse_key(str(_content(path).get("key", "")))
        return parse_key(text)
    except VerifyError as error:
        raise BadInput(f"{path}: {error} Public keys are the .pub files of `keys new`.") from error


def _content(path: Path) -> Mapping[str, Any]:
    try:
        content = strict_json(path.read_bytes())
    except OSError as error:
        raise BadInput(f"Can't read the key {path}: {error.strerror or error}.") from error
    except VerifyError as error:
        raise BadInput(f"{path} is not a key that `barlovento keys new` wrote: {error}") from error
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise BadInput(f"{path} is not a private key. Name the .key file, not the .pub file.")
    return content


def _cipher(passphrase: str, salt: bytes, cost: int) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    kdf = Scrypt(salt=salt, length=32, n=cost, r=8, p=1)
    return AESGCM(kdf.derive(passphrase.encode("utf-8")))


def _write_new(path: Path, content: bytes, mode: int) -> None:
    """Write a file that must not exist, readable from its first moment only as ``mode`` says."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
