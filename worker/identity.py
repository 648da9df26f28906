"""The worker's identity key: an Ed25519 seed in one file that only its owner can read."""

import os
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas.errors import SettingInvalid


def identity_key(path: Path) -> Ed25519PrivateKey:
    """The key in ``path`` (the 32-byte seed as 64 hex digits); made, mode 0600, when the file is missing.

    Raises:
        SettingInvalid: the file cannot be read or made, others may read it, or it holds something else.
    """
    try:
        if not path.exists():
            _create(path, os.urandom(32))
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise SettingInvalid("LIKENESS_WORKER_KEY_FILE may be read by others; set its mode to 0600")
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text("ascii").strip()))
    except OSError as error:
        raise SettingInvalid(f"LIKENESS_WORKER_KEY_FILE: {error.strerror}") from None
    except ValueError:
        raise SettingInvalid("LIKENESS_WORKER_KEY_FILE does not hold a 32-byte seed as hex") from None


def _create(path: Path, seed: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # O_EXCL: two workers that start at once must not end up with two keys in one file.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(seed.hex() + "\n")
