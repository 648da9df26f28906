"""The gateway's keys: the one that signs, and the one that signed before it and verifies for another day.

Of a former key only the public half is kept, beside the signing key, with the time of the first start after the
rotation: until then a gateway that still runs goes on signing with it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateway import keys
from schemas import canonical, signing
from schemas.errors import SettingInvalid, StatementError
from schemas.scalars import Seconds
from schemas.worker_key import ROSTER_SECONDS

FORMER_SECONDS: Final = ROSTER_SECONDS
"""Nothing that a gateway signs is valid for longer."""


class FormerKeyFile(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="likeness/former-key/v1",
):
    """What lies beside the signing key after a rotation."""

    key: signing.Jwk
    retired_at: Seconds | None
    """When a gateway first started with the next key; None: none has."""


@dataclass(frozen=True, slots=True)
class FormerKey:
    """A key that signs no more."""

    key: Ed25519PublicKey
    until: int
    """When it stops to verify, unix time."""


@dataclass(frozen=True, slots=True)
class Ring:
    """The keys of one gateway."""

    key: Ed25519PrivateKey = field(repr=False)
    """Signs now."""
    former: tuple[FormerKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Rotation:
    """Thumbprints of the keys before and after."""

    old: str
    new: str


def load_ring(path: Path, fresh_seed: bytes, *, now: int) -> Ring:
    """The keys of the gateway whose signing key lies in ``path``, made of ``fresh_seed`` where there is none yet.

    To be called at a gateway's start: with it the day of a former key begins.

    Raises:
        SettingInvalid: see ``keys.load_or_create``; or the file of the former key cannot be read.
    """
    key = keys.load_or_create(path, fresh_seed)
    with _naming(former_file(path)):
        former = _read_former(path)
        # The same key twice: a rotation was cut off before the new key was in place.
        if former is None or former.key == signing.jwk_of(key.public_key()):
            return Ring(key=key)
        if former.retired_at is None:
            former = msgspec.structs.replace(former, retired_at=now)
            keys.replace(former_file(path), canonical.encode(former).decode("ascii") + "\n")
    until = (former.retired_at or now) + FORMER_SECONDS
    return Ring(key=key, former=(FormerKey(key=signing.key_of(former.key), until=until),) if now < until else ())


def rotate(path: Path, fresh_seed: bytes, *, now: int, drop_old: bool) -> Rotation:
    """Put the key of ``fresh_seed`` in the place of the one in ``path``, which from the next start only verifies.

    With ``drop_old`` it does not even verify: for a key that somebody else may have. The old private key is gone.

    Raises:
        SettingInvalid: there is no key yet; or the last rotation is not over, and nothing is dropped.
    """
    with _naming(path):
        if not path.exists():
            raise SettingInvalid(f"there is no key in {path.name} yet; the first start makes one")
        old = signing.jwk_of(keys.load(path).public_key())
        former = _read_former(path)
        if former is not None and former.key != old and not drop_old:
            _require_over(former, now)
        if drop_old:
            former_file(path).unlink(missing_ok=True)
        else:
            # First, so that whatever happens in between, nobody forgets a key that has signed.
            retiring = canonical.encode(FormerKeyFile(key=old, retired_at=None))
            keys.replace(former_file(path), retiring.decode("ascii") + "\n")
        keys.replace(path, fresh_seed.hex() + "\n")
        new = keys.load(path).public_key()
    return Rotation(old=signing.thumbprint(signing.key_of(old)), new=signing.thumbprint(new))


def former_file(path: Path) -> Path:
    """Where the former key of the signing key in ``path`` lies."""
    return path.with_name(f"{path.stem}.former.json")


def _require_over(former: FormerKeyFile, now: int) -> None:
    if former.retired_at is None:
        raise SettingInvalid("the gateway has not been started with the last new key yet")
    if (left := former.retired_at + FORMER_SECONDS - now) > 0:
        raise SettingInvalid(
            f"the key before this one still verifies, for {left // 60 + 1} minutes; a third would shut its workers out"
        )


def _read_former(path: Path) -> FormerKeyFile | None:
    try:
        return canonical.decode(FormerKeyFile, former_file(path).read_bytes().rstrip())
    except FileNotFoundError:
        return None


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SettingInvalid(f"key file {path.name}: {error.strerror}") from error
    except StatementError as error:
        raise SettingInvalid(f"key file {path.name} holds no former key: {error.code}") from error
