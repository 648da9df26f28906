"""Every setting of a worker, read once from the environment (table in worker/README.md)."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Literal, get_args
from urllib.parse import urlsplit

from schemas.errors import SettingInvalid
from schemas.scalars import Pool
from schemas.worker_key import MAX_LEASE_SECONDS

PREFIX: Final = "LIKENESS_"
MAX_THREADS: Final = 64
MAX_JOB_SECONDS: Final = 3600

Provider = Literal["cpu", "cuda"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One field a variable: ``nats_url`` is ``LIKENESS_NATS_URL``, and so on."""

    nats_url: str
    worker_key_file: Path
    gateway_key: tuple[str, ...]
    """The thumbprints of one gateway's keys."""
    pool: Pool
    region: str
    operator: str
    endorsement: Path | None
    bundles: tuple[Path, ...]
    licences: frozenset[str]
    provider: Provider
    threads: int
    accept_swap: bool
    tpm: str | None
    lease_seconds: int
    job_seconds: int


def read(env: Mapping[str, str]) -> Settings:
    """The settings that ``env`` gives, defaults filled in.

    Raises:
        SettingInvalid: a variable has a value that it cannot have; the detail names it.
    """
    found: dict[str, Any] = {}
    for field in fields(Settings):
        name = PREFIX + field.name.upper()
        default, parse = READERS[field.name]
        try:
            found[field.name] = parse(env.get(name, "") or default(env))
        except ValueError as error:
            raise SettingInvalid(f"{name} must be {error}") from None
    return Settings(**found)


def _text(pattern: str, meaning: str) -> Callable[[str], str]:
    def parse(raw: str) -> str:
        if not re.fullmatch(pattern, raw):
            raise ValueError(meaning)
        return raw

    return parse


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(raw: str) -> int:
        if not re.fullmatch("[0-9]{1,6}", raw) or not low <= int(raw) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(raw)

    return parse


def _one_of(*allowed: str) -> Callable[[str], str]:
    def parse(raw: str) -> str:
        if raw not in allowed:
            raise ValueError(f"one of {', '.join(allowed)}")
        return raw

    return parse


def _url(raw: str) -> str:
    if urlsplit(raw).scheme not in {"nats", "tls", "ws", "wss"} or not urlsplit(raw).hostname:
        raise ValueError("a nats://, tls://, ws:// or wss:// address")
    return raw


def _thumbprints(raw: str) -> tuple[str, ...]:
    each = _text(
        "[A-Za-z0-9_-]{43}",
        "the thumbprint (43 characters) of the trusted gateway's key, or several with commas between",
    )
    return tuple(each(part.strip()) for part in raw.split(",") if part.strip())


def _file(raw: str) -> Path | None:
    return Path(raw).absolute() if raw else None


def _tpm(raw: str) -> str | None:
    # No bare /dev/tpm0, where clearing up after ourselves would end other programs' keys; no "cmd:", which is a shell.
    return (
        _text(
            r"device:/dev/tpmrm[0-9]{1,2}|(swtpm|mssim|tabrmd):[!-~]{0,200}",
            "where a TPM is as tpm2-tools write it, such as device:/dev/tpmrm0 or swtpm:host=127.0.0.1,port=2321",
        )(raw)
        if raw
        else None
    )


def _folders(raw: str) -> tuple[Path, ...]:
    return tuple(Path(part).absolute() for part in raw.split(os.pathsep) if part)


def _names(raw: str) -> frozenset[str]:
    return frozenset(name.strip() for name in raw.split(",") if name.strip())


def _just(value: str) -> Callable[[Mapping[str, str]], str]:
    return lambda _env: value


def _state_file(env: Mapping[str, str]) -> str:
    state = env.get("XDG_STATE_HOME") or str(Path(env.get("HOME") or Path.home()) / ".local/state")
    return str(Path(state) / "likeness" / "worker.key")


def _usable_cores(_env: Mapping[str, str]) -> str:
    return str(min(len(os.sched_getaffinity(0)), 8))


READERS: Final[dict[str, tuple[Callable[[Mapping[str, str]], str], Callable[[str], object]]]] = {
    "nats_url": (_just("nats://127.0.0.1:4222"), _url),
    "worker_key_file": (_state_file, lambda raw: Path(raw).absolute()),
    "gateway_key": (_just(""), _thumbprints),
    "pool": (_just("company"), _one_of(*get_args(Pool))),
    "region": (_just("local"), _text("[a-z0-9][a-z0-9-]{0,47}", "lower case letters, digits and hyphens")),
    "operator": (_just("unnamed operator"), _text(".{1,120}", "1 to 120 characters")),
    "endorsement": (_just(""), _file),
    "bundles": (_just(str(Path(__file__).parent / "bundles" / "embedded")), _folders),
    "licences": (_just("Apache-2.0"), _names),
    "provider": (_just("cpu"), _one_of(*get_args(Provider))),
    "threads": (_usable_cores, _whole(1, MAX_THREADS)),
    "accept_swap": (_just("no"), lambda raw: _one_of("yes", "no")(raw) == "yes"),
    "tpm": (_just(""), _tpm),
    "lease_seconds": (_just("30"), _whole(1, MAX_LEASE_SECONDS)),
    "job_seconds": (_just("120"), _whole(1, MAX_JOB_SECONDS)),
}
"""By field: the default, and the reader that turns a variable's text into the field."""
