"""Fishing a child's single-use key out of its memory, as an attacker would who knows its public half.

The key exists nowhere else, so this is the only way to know which windows to look for elsewhere.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NoReturn

import numpy as np
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from schemas.sealing import MLKEM_PUBLIC_BYTES
from tests.forensics.windows import Windows, joined, of_bytes

SEED_BYTES: Final = 32
FLOATS_SPAN: Final = 2
"""Of eight floats of one tensor five or more differ by no more in the byte of their exponents."""
STEP_BYTES: Final = 16
"""Allocators hand out multiples of this."""
RANK: Final = b"\x03"
"""k of ML-KEM-768, which its key generation hashes behind the seed (FIPS 203, algorithm 13, step 1)."""


@dataclass(frozen=True)
class SingleUseKey:
    """An X-Wing private key in its parts (draft-connolly-cfrg-xwing-kem, section 5.2)."""

    x25519: bytes = field(repr=False)
    mlkem_d: bytes = field(repr=False)
    mlkem_z: bytes = field(repr=False)
    seed: bytes | None = field(repr=False)
    """None where it had been overwritten already."""

    def windows(self) -> Windows:
        """Windows of all parts."""
        parts = {"x25519": self.x25519, "ml-kem d": self.mlkem_d, "ml-kem z": self.mlkem_z}
        if self.seed is not None:
            parts["seed"] = self.seed
        return joined(of_bytes(f"single-use key, {name}", raw) for name, raw in parts.items())


@dataclass(frozen=True)
class _Candidate:
    """32 bytes that look random, and what lies around them."""

    before: bytes
    secret: bytes
    after: bytes


def fish(pieces: Iterable[bytes], public: bytes) -> SingleUseKey:
    """The private half of ``public`` (1216 bytes) from the writable memory of its process.

    Raises:
        LookupError: it is not there.
    """
    pieces = list(pieces)
    return _fish(pieces, public, floats=False) or _fish(pieces, public, floats=True) or _nothing()


def _nothing() -> NoReturn:
    raise LookupError("the single-use key is not in this memory")


def _fish(pieces: Iterable[bytes], public: bytes, *, floats: bool) -> SingleUseKey | None:
    """As ``fish``, or None. Without what looks like ``floats`` it is quicker; one key in a thousand is overlooked."""
    candidates = [candidate for piece in pieces for candidate in _candidates(piece, floats=floats)]
    rho, x25519_public = public[MLKEM_PUBLIC_BYTES - SEED_BYTES : MLKEM_PUBLIC_BYTES], public[MLKEM_PUBLIC_BYTES:]
    # FIPS 203, algorithm 13: (rho, sigma) = G(d || k), and rho is the end of the public key.
    found = [one for one in candidates if hashlib.sha3_512(one.secret + RANK).digest()[:SEED_BYTES] == rho]
    # Where the seed was expanded (d || z || scalar) the scalar is found sooner.
    guesses = [one.after[SEED_BYTES:] for one in found] + [one.secret for one in candidates]
    scalar = next((guess for guess in guesses if _public_of(guess) == x25519_public), None)
    if not found or scalar is None:
        return None
    expanded = [one.after[:SEED_BYTES] for one in found if one.after[SEED_BYTES:] == scalar]
    return SingleUseKey(
        x25519=scalar,
        mlkem_d=found[0].secret,
        mlkem_z=expanded[0] if expanded else found[0].before,  # OpenSSL keeps z in front of d
        seed=next((one.secret for one in candidates if _expanded(one.secret)[2 * SEED_BYTES :] == scalar), None),
    )


def _public_of(scalar: bytes) -> bytes | None:
    if len(scalar) != SEED_BYTES:
        return None
    return X25519PrivateKey.from_private_bytes(scalar).public_key().public_bytes_raw()


def _expanded(seed: bytes) -> bytes:
    return hashlib.shake_256(seed).digest(3 * SEED_BYTES)


def _candidates(piece: bytes, *, floats: bool) -> Iterator[_Candidate]:
    """What looks random in ``piece``, with or without what looks like floats."""
    usable = (len(piece) - SEED_BYTES) // STEP_BYTES * STEP_BYTES
    if usable <= 0:
        return
    raw = np.frombuffer(piece, np.uint8, usable + SEED_BYTES - STEP_BYTES)
    windows = np.lib.stride_tricks.sliding_window_view(raw, SEED_BYTES)[::STEP_BYTES]
    words = np.lib.stride_tricks.sliding_window_view(raw.view("<u4"), SEED_BYTES // 4)[:: STEP_BYTES // 4]
    full = np.flatnonzero((words[:, 0] != 0) & (words[:, 3] != 0) & (words[:, 5] != 0))
    rows = windows[full]
    zeros = (rows == 0).sum(axis=1, dtype=np.uint8)
    high = (rows >= 128).sum(axis=1, dtype=np.uint8)
    likely = full[(zeros <= 5) & (high >= 2) & (high <= 30)]
    for phase in range(0 if floats else 4):  # the floats of a file lie anywhere
        exponents = np.sort(windows[likely, phase::4] & 0x7F, axis=1)
        likely = likely[exponents[:, 6] - exponents[:, 2] > FLOATS_SPAN]
    for row in likely.tolist():
        at, end = row * STEP_BYTES, row * STEP_BYTES + SEED_BYTES
        yield _Candidate(piece[max(at - SEED_BYTES, 0) : at], piece[at:end], piece[end : end + 2 * SEED_BYTES])
