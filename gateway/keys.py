"""The signing key on disk: an Ed25519 seed as 64 hex digits in a file that only its owner can read."""

import os
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas.errors import SettingInvalid


def load_or_create(path: Path, fresh_seed: bytes) -> Ed25519PrivateKey:
    """The key in ``path``; where there is none yet, the key of ``fresh_seed`` (32 random bytes), now kept there.

    Raises:
        SettingInvalid: the file cannot be read or written, is open to others, or holds no key.
    """
    try:
        if not path.exists():
            create(path, fresh_seed)
        return load(path)
    except OSError as error:
        raise SettingInvalid(f"key file {path.name}: {error.strerror}") from error


def create(path: Path, seed: bytes) -> None:
    """Keep ``seed`` in ``path``, mode 0600. Where another process was faster, its file stays.

    Raises:
        OSError: it cannot be written.
    """
    create_file(path, seed.hex() + "\n", mode=0o600)


def create_file(path: Path, text: str, *, mode: int) -> None:
    """Keep ``text`` in ``path``, which others may see as ``mode`` says. A file that is there stays.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Linked into place: nobody's file is overwritten.
    aside = _write_aside(path, text, mode)
    try:
        os.link(aside, path)
    except FileExistsError:
        return
    finally:
        aside.unlink()


def replace(path: Path, text: str) -> None:
    """Keep ``text`` in ``path``, mode 0600, in the place of what was there.

    Raises:
        OSError: it cannot be written.
    """
    _write_aside(path, text, 0o600).replace(path)


def _write_aside(path: Path, text: str, mode: int) -> Path:
    """A finished file beside ``path``, so that a reader sees the whole file or none."""
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            aside.unlink()
            raise
    return aside


def load(path: Path) -> Ed25519PrivateKey:
    """The key in ``path``.

    Raises:
        SettingInvalid: others can read the file, or it holds no key.
        OSError: it cannot be read.
    """
    with path.open() as file:
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
            raise SettingInvalid(f"key file {path.name} can be read by others: chmod 600 it, or make a new one")
        text = file.read(256).strip()
    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text))
    except ValueError:
        raise SettingInvalid(f"key file {path.name} does not hold a key") from None
