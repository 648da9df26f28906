"""``likeness log check``: a stranger reads a log, and keeps what it said for the next visit."""

import http.client
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from gateway.http_client import HttpClient
from gateway.log_monitor import Fetch, Sighting, look
from gateway.log_store import MAX_ENTRY_BYTES
from gateway.tiles import WIDTH
from schemas.checkpoint import Checkpoint
from schemas.errors import LikenessError, LogUnavailable, NoteMalformed, ProofInvalid, SettingInvalid
from schemas.log_policy import Policy, open_checkpoint, read_policy

TIMEOUT_SECONDS: Final = 30.0
MAX_BYTES: Final = WIDTH * (2 + MAX_ENTRY_BYTES)
"""The longest bundle there can be."""


def check_log(url: str, policy_file: Path | None, kept_file: Path | None) -> int:
    """Read the log at ``url`` and print what was found; 0 when all of it holds."""
    client = HttpClient(timeout_seconds=TIMEOUT_SECONDS)
    try:
        for line in _check(_fetch_from(client, url), policy_file, kept_file):
            print(line)
    except LikenessError as error:
        print(f"\u2717 {error.detail} ({error.code})")
        return 1
    finally:
        client.close()
    return 0


def _check(fetch: Fetch, policy_file: Path | None, kept_file: Path | None) -> Iterator[str]:
    policy = read_policy(_read(policy_file) if policy_file else _decode(fetch("policy")))
    if policy_file is None:
        yield "! The policy came from the log itself, so a log that lies about its witnesses is not found out."
        yield "  Take it from somebody you trust, and name its file with --policy."
    before = _before(policy, kept_file)
    try:
        seen = look(fetch, policy, now=int(time.time()), before=before)
    except ProofInvalid:
        if kept_file is not None and before is not None:
            conflict = kept_file.with_name(f"{kept_file.name}.conflict")
            conflict.write_bytes(fetch("checkpoint"))
            yield f"! The checkpoint that was served now is kept as {conflict.name}, beside the one of your last visit."
        raise
    yield from _story(seen, before)
    if kept_file is not None:
        _keep(kept_file, seen.note)
        yield f"  The checkpoint is kept in {kept_file.name} for your next visit."


def _story(seen: Sighting, before: Checkpoint | None) -> Iterator[str]:
    checkpoint = seen.witnessed.checkpoint
    yield f"\u2713 {checkpoint.origin} has signed for {_count(checkpoint.size, 'entry', 'entries')}."
    if seen.witnessed.at is None:
        yield "! No witness is asked for: this is the log's word alone."
    else:
        at = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seen.witnessed.at))
        yield f"\u2713 Seen at {at} by {', '.join(seen.witnessed.witnesses)}."
    tiles = _count(seen.tile_count, "tile", "tiles")
    yield f"\u2713 All entries were read; they lead to the root that was signed, and to the {tiles} that are served."
    if before is not None:
        yield f"\u2713 The first {before.size} are those of the checkpoint you kept."
    yield f"  {_count(seen.commitment_count, 'commitment', 'commitments')}, which tell nothing without their salts."
    since = 0 if before is None else before.size
    new = [fact for fact in seen.facts if fact.index >= since]
    yield f"  {_count(len(seen.facts), 'public fact', 'public facts')}, {len(new)} of them new to you:"
    yield from (f"  {fact.index:>8}  {fact.text}" for fact in new)


def _fetch_from(client: HttpClient, url: str) -> Fetch:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingInvalid("the address of a log begins with http:// or https://")

    def fetch(name: str) -> bytes:
        try:
            answer = client.get(f"{url.rstrip('/')}/{name}", at_most_bytes=MAX_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            raise LogUnavailable(f"the log cannot be reached: {type(error).__name__}") from error
        if answer.status != http.client.OK or len(answer.body) > MAX_BYTES:
            hint = "; the log of a gateway is below its address, at /log" if name in {"checkpoint", "policy"} else ""
            raise LogUnavailable(f"the log does not serve {name}: status {answer.status}{hint}")
        return answer.body

    return fetch


def _before(policy: Policy, kept_file: Path | None) -> Checkpoint | None:
    if kept_file is None or not kept_file.exists():
        return None
    return open_checkpoint(policy, _read(kept_file), now=None).checkpoint


def _keep(file: Path, note: str) -> None:
    aside = file.with_name(f"{file.name}.new")
    try:
        aside.write_text(note, "utf-8")
        aside.replace(file)
    except OSError as error:
        raise SettingInvalid(f"{file.name} cannot be written: {error.strerror}") from error


def _read(file: Path) -> str:
    try:
        return _decode(file.read_bytes())
    except OSError as error:
        raise SettingInvalid(f"{file.name} cannot be read: {error.strerror}") from error


def _decode(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise NoteMalformed("not UTF-8") from None


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
