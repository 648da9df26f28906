"""Reading and changing what the ledger holds: a pure function decides, compare-and-set stores, a lost race is rerun."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import msgspec

from gateway import ledger
from gateway.bus import Stored
from gateway.door import Door
from gateway.ledger import MAX_STRIKES, JobEntry, Strikes, TokenUse
from schemas import canonical, subjects
from schemas.errors import LikenessError, OutOfOrder, TokenExpired, UnknownJob

OFFER_ID: Final = re.compile(r"[0-9a-f]{32}")
ATTEMPTS: Final = 8
"""Compare-and-set rounds before giving up; each lost round means that somebody else moved on."""

T = TypeVar("T", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class _Shelf(Generic[T]):
    bucket: str
    kind: type[T]
    missing: type[LikenessError]


_TOKENS: Final = _Shelf(subjects.KV_TOKENS, TokenUse, TokenExpired)
_JOBS: Final = _Shelf(subjects.KV_JOBS, JobEntry, UnknownJob)


async def read_use(door: Door, jti: str) -> TokenUse:
    """The counters of the token ``jti``.

    Raises:
        TokenExpired: there are none; a counter that is gone is never taken for zero.
    """
    return (await _read(door, _TOKENS, jti))[0]


async def change_use(door: Door, jti: str, change: Callable[[TokenUse], TokenUse]) -> TokenUse:
    """The counters of the token ``jti`` after ``change``, stored.

    Raises:
        TokenExpired: see ``read_use``.
        OutOfOrder: others were faster, again and again.
        LikenessError: whatever ``change`` says; then nothing has changed.
    """
    return await _change(door, _TOKENS, jti, change)


async def read_job(door: Door, offer_id: str) -> JobEntry:
    """The job of ``offer_id`` as it stands.

    Raises:
        UnknownJob: there is none.
    """
    return (await _read(door, _JOBS, _job_key(offer_id)))[0]


async def change_job(door: Door, offer_id: str, change: Callable[[JobEntry], JobEntry]) -> JobEntry:
    """The job of ``offer_id`` after ``change``, stored.

    Raises:
        UnknownJob: there is none.
        OutOfOrder: others were faster, again and again.
        LikenessError: whatever ``change`` says; then nothing has changed.
    """
    return await _change(door, _JOBS, _job_key(offer_id), change)


async def count_strikes(door: Door, worker: str) -> int:
    """How many receipts ``worker`` (thumbprint) owes since a day."""
    stored = await door.bus.read(subjects.KV_STRIKES, worker)
    strikes = canonical.decode(Strikes, stored.value) if stored else None
    return len(ledger.recent_strikes(strikes, now=door.clock()))


async def add_strike(door: Door, worker: str) -> None:
    """Remember that ``worker`` (thumbprint) was disclosed to and gave no receipt."""
    for _ in range(ATTEMPTS):
        stored = await door.bus.read(subjects.KV_STRIKES, worker)
        strikes = canonical.decode(Strikes, stored.value) if stored else None
        now = door.clock()
        struck = canonical.encode(Strikes(at=[*ledger.recent_strikes(strikes, now=now), now][-MAX_STRIKES:]))
        if stored is None:
            if await door.bus.create(subjects.KV_STRIKES, worker, struck):
                return
        elif await door.bus.replace(subjects.KV_STRIKES, worker, struck, stored.revision):
            return


def _job_key(offer_id: str) -> str:
    # What a browser put into the path reaches the bus as a key only in this one form.
    if not OFFER_ID.fullmatch(offer_id):
        raise UnknownJob
    return ledger.job_key(offer_id)


async def _read(door: Door, shelf: _Shelf[T], key: str) -> tuple[T, Stored]:
    stored = await door.bus.read(shelf.bucket, key)
    if stored is None:
        raise shelf.missing
    return canonical.decode(shelf.kind, stored.value), stored


async def _change(door: Door, shelf: _Shelf[T], key: str, change: Callable[[T], T]) -> T:
    for _ in range(ATTEMPTS):
        value, stored = await _read(door, shelf, key)
        changed = change(value)
        if changed == value or await door.bus.replace(shelf.bucket, key, canonical.encode(changed), stored.revision):
            return changed
    raise OutOfOrder
