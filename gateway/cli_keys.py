"""``likeness rotate-key`` and ``likeness company``: keys of a gateway, and the key by which a company vouches."""

import os
import time
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway import keys
from gateway.key_ring import FORMER_SECONDS, rotate
from gateway.settings import read_settings
from schemas import signing
from schemas.errors import SettingInvalid
from schemas.scalars import Thumbprint, to_b64u
from schemas.worker_key import ENDORSEMENT_SECONDS, Endorsement

DAY: Final = 24 * 3600
MAX_DAYS: Final = ENDORSEMENT_SECONDS // DAY
ROTATED: Final = """\
The gateway signs with a new key from its next start on.
  new {new}
  old {old}
{old_key}
Workers learn the new key when they enrol the next time. One that is started afresh needs it in LIKENESS_GATEWAY_KEY;
it may name both, separated by a comma."""
STILL_VERIFIES: Final = f"What the old key signed is good for another {FORMER_SECONDS // 3600} hours after that start."
IS_DROPPED: Final = """\
The old key is dropped: every consent and every enrolment that it signed is refused from the next start on. Take it out
of LIKENESS_GATEWAY_KEY of every worker."""
COMPANY_MADE: Final = """\
Made {file}: the root key of a company. Keep it off every gateway, and back it up.
  key {thumbprint}
People of the company open the page by a link that ends in
  #company={public}
What follows # stays in the browser; with it, the page takes workers that this key vouches for, and no others."""


def rotate_key(*, drop_old: bool) -> int:
    """Give the gateway of this environment a new signing key; the exit status.

    Raises:
        SettingInvalid: see ``key_ring.rotate``.
    """
    file = read_settings(os.environ).signing_key_file
    done = rotate(file, os.urandom(32), now=int(time.time()), drop_old=drop_old)
    print(ROTATED.format(new=done.new, old=done.old, old_key=IS_DROPPED if drop_old else STILL_VERIFIES))
    return 0


def new_company(file: Path) -> int:
    """Make a company's root key in ``file`` and say how it is used; the exit status.

    Raises:
        SettingInvalid: there is a file already, or it cannot be written.
    """
    if file.exists():
        raise SettingInvalid(f"{file.name} is there already; a root key is never overwritten")
    root = keys.load_or_create(file, os.urandom(32))
    public = to_b64u(root.public_key().public_bytes_raw())
    print(COMPANY_MADE.format(file=file.name, thumbprint=signing.thumbprint(root.public_key()), public=public))
    return 0


def endorse(file: Path, worker: str, *, days: int) -> int:
    """Print the endorsement of ``worker`` (thumbprint) by the root key in ``file``, good for ``days``; the exit status.

    Raises:
        SettingInvalid: there is no key, the thumbprint is none, or it would be good for too long.
    """
    if not file.exists():
        raise SettingInvalid(f"there is no key in {file.name}: `likeness company new` makes one")
    print(endorsement(keys.load_or_create(file, b""), worker, days=days, now=int(time.time())))
    return 0


def endorsement(root: Ed25519PrivateKey, worker: str, *, days: int, now: int) -> str:
    """The JWS in which ``root`` vouches for ``worker`` from ``now`` (unix time) on.

    Raises:
        SettingInvalid: the thumbprint is none, or it would be good for too long.
    """
    if not 0 < days <= MAX_DAYS:
        raise SettingInvalid(f"an endorsement is good for 1 to {MAX_DAYS} days")
    try:
        msgspec.convert(worker, Thumbprint)
    except msgspec.ValidationError:
        raise SettingInvalid(
            "a worker is named by its thumbprint, 43 characters; its log says it at each start"
        ) from None
    said = Endorsement(worker=worker, issued_at=now, not_after=now + days * DAY)
    return signing.sign(said, root, introduce=True)
