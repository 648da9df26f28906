"""What to look for: windows of every secret, 16 bytes or more, in every form in which it might have been written.

A search for whole secrets would overlook what is half overwritten; one window is found alone.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

WINDOW_BYTES: Final = 16
WORDY_BYTES: Final = 32
"""A window of a form that takes several letters to say one byte."""
SPREAD: Final = 24
"""Windows of one form of one secret; all that there are where it is too short for that many."""
WORD_BYTES: Final = 8
TELLING: Final = {WINDOW_BYTES: 7, WORDY_BYTES: 9}
"""Different bytes that a window of this size must have: less would be found everywhere."""
TELLING_WORD: Final = 3
"""Different bytes of each word in it."""

PUBLIC: Final = "public:"
"""So begin the names of what may lie anywhere; where it must lie, it shows that a scan is not blind."""

Windows = dict[str, frozenset[bytes]]
"""By the name of a form: ``embedding f32``."""


def is_telling(window: bytes) -> bool:
    """Whether ``window`` is something that nobody would write by chance."""
    words = (window[at : at + WORD_BYTES] for at in range(WINDOW_BYTES - WORD_BYTES + 1))
    return len(set(window)) >= TELLING[len(window)] and all(len(set(word)) >= TELLING_WORD for word in words)


def spread(raw: bytes, count: int = SPREAD, size: int = WINDOW_BYTES) -> frozenset[bytes]:
    """One telling window from each of ``count`` equal parts of ``raw`` that has one; all that a short one has."""
    last = len(raw) - size
    starts = sorted({round(at) for at in np.linspace(0, last, count)}) if last >= 0 else []
    found = set()
    for start, limit in zip(starts, [*starts[1:], last + 1], strict=True):
        here = (raw[at : at + size] for at in range(start, limit))
        window = next((window for window in here if is_telling(window)), None)
        if window is not None:
            found.add(window)
    return frozenset(found)


def of_bytes(name: str, raw: bytes) -> Windows:
    """``raw`` as it is, and as programs write bytes into texts."""
    signed = np.frombuffer(raw, np.int8).tolist()
    wordy = {
        "decimal": ",".join(map(str, raw)),
        "decimal spaced": ", ".join(map(str, raw)),
        "signed decimal": ",".join(map(str, signed)),
        "signed decimal spaced": ", ".join(map(str, signed)),
        "repr": repr(raw)[2:-1],
    }
    forms = {"raw": raw, "hex": raw.hex().encode(), "HEX": raw.hex().upper().encode()}
    for shift in range(3):  # a text of base64 that began one or two bytes earlier looks different
        whole = raw[shift : shift + (len(raw) - shift) // 3 * 3]
        forms[f"base64+{shift}"] = base64.b64encode(whole)
        forms[f"base64url+{shift}"] = base64.urlsafe_b64encode(whole)
    return _named(name, forms) | _named(name, {form: text.encode() for form, text in wordy.items()}, WORDY_BYTES)


def of_numbers(name: str, values: npt.NDArray[Any]) -> Windows:
    """``values`` (floating) in the number formats of tensors, and as JSON."""
    flat = np.ascontiguousarray(values, np.float32).ravel()
    bits = flat.view(np.uint32)
    # Rounded to the nearest, halves to even, as processors do; or cut off.
    rounded = ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)
    forms = {
        "f32": flat.tobytes(),
        "f32 big-endian": flat.astype(">f4").tobytes(),
        "f16": flat.astype(np.float16).tobytes(),
        "bf16": rounded.tobytes(),
        "bf16 cut": (bits >> 16).astype(np.uint16).tobytes(),
        "f64": flat.astype(np.float64).tobytes(),
        "json": json.dumps([float(value) for value in flat[:512]]).encode(),
        "json short": ", ".join(str(value) for value in flat[:512]).encode(),
        "json packed": ",".join(repr(float(value)) for value in flat[:512]).encode(),
    }
    return _named(name, forms)


def of_tensor(name: str, form: str, raw: bytes, count: int = SPREAD) -> Windows:
    """One form that is known as bytes."""
    return {f"{name} {form}": spread(raw, count)}


def _named(name: str, forms: Mapping[str, bytes], size: int = WINDOW_BYTES) -> Windows:
    return {f"{name} {form}": found for form, raw in forms.items() if (found := spread(raw, size=size))}


def joined(parts: Iterable[Windows]) -> Windows:
    """All of ``parts``; forms of one name are united."""
    together: dict[str, set[bytes]] = {}
    for name, found in _items(parts):
        together.setdefault(name, set()).update(found)
    return {name: frozenset(found) for name, found in together.items()}


def _items(parts: Iterable[Windows]) -> Iterator[tuple[str, frozenset[bytes]]]:
    for part in parts:
        yield from part.items()
