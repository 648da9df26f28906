"""Whom to believe about the log: its key, the witnesses, and how many of them (C2SP tlog-policy).

    log example.com/log+af37d0c1+ATk... https://example.com/log
    witness north witness.example/north+b0e1f2a3+BMw... https://north.example
    witness south witness.example/south+0c4d5e6f+BCt...
    group both all north south
    quorum both

Tighter than C2SP allows: exactly one log, at most 32 witnesses and 32 groups, Ed25519 keys only.
"""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

from schemas.checkpoint import Checkpoint, cosigned_at, read_checkpoint
from schemas.errors import CheckpointStale, CheckpointUnwitnessed, NoteMalformed, NoteUntrusted, PolicyInvalid
from schemas.note import SignatureKind, VerifierKey, is_signed, read_decimal, read_note, read_vkey

MAX_CHECKPOINT_AGE_SECONDS: Final = 600
"""A cosignature older than this says nothing about now."""
MAX_AHEAD_SECONDS: Final = 60
"""How far a witness's clock may be ahead of ours."""
MAX_POLICY_BYTES: Final = 64 * 1024
MAX_NAMES: Final = 32
"""Of witnesses, and of groups."""
NONE: Final = "none"
"""The quorum of a log without witnesses."""

_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Witness:
    """Somebody who watches the log."""

    key: VerifierKey
    url: str | None = None
    """Where it can be asked for a cosignature; needed by the log, not by who verifies."""


@dataclass(frozen=True, slots=True)
class Group:
    """Witnesses or groups of which ``threshold`` must have witnessed a checkpoint."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """What a verifier believes. Names of witnesses and groups mean nothing outside of it."""

    log: VerifierKey
    log_url: str | None = None
    witnesses: Mapping[str, Witness] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    """Each names witnesses and groups before it only."""
    quorum: str = NONE

    def is_met(self, witnesses: AbstractSet[str]) -> bool:
        """Whether these ``witnesses`` are enough."""
        return self.quorum == NONE or self._has(self.quorum, witnesses)

    def _has(self, name: str, witnesses: AbstractSet[str]) -> bool:
        group = self.groups.get(name)
        if group is None:
            return name in witnesses
        return sum(self._has(member, witnesses) for member in group.members) >= group.threshold


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A checkpoint that the policy accepts."""

    checkpoint: Checkpoint
    at: int | None
    """The latest time (seconds) at or after which a quorum saw it; None where the policy asks for no witness."""
    witnesses: tuple[str, ...]
    """Those that count, by their names in the policy, in its order."""


def open_checkpoint(policy: Policy, note: str, *, now: int | None) -> Witnessed:
    """The checkpoint in ``note``, if ``policy`` accepts it (spec/transparency-log.md section 5).

    With ``now`` (seconds) it must have been witnessed within ``MAX_CHECKPOINT_AGE_SECONDS``; without, at any time.

    Raises:
        NoteMalformed: not a signed checkpoint.
        NoteUntrusted: not of the policy's log, or a signature by one of its keys does not verify.
        CheckpointUnwitnessed: too few witnesses cosigned it.
        CheckpointStale: enough did, but too long ago (or in the future).
    """
    signed = read_note(note)
    if not is_signed(signed, policy.log):
        raise NoteUntrusted
    checkpoint = read_checkpoint(signed.text)
    if checkpoint.origin != policy.log.name:
        raise NoteUntrusted("a checkpoint of another log")
    times = {name: cosigned_at(signed, witness.key) for name, witness in policy.witnesses.items()}
    if not policy.is_met({name for name, at in times.items() if at}):
        raise CheckpointUnwitnessed
    counted = {name: max(fresh) for name, at in times.items() if (fresh := [t for t in at if _is_fresh(t, now)])}
    if not policy.is_met(counted.keys()):
        raise CheckpointStale
    return Witnessed(checkpoint=checkpoint, at=_quorum_time(policy, counted), witnesses=tuple(counted))


def read_policy(text: str) -> Policy:
    """The policy that ``text`` spells.

    Raises:
        PolicyInvalid: a line that is none, a name used twice or too early, a key used twice, no log or more than one,
            no quorum or more than one, or more names than allowed.
    """
    try:
        size_bytes = len(text.encode())
    except UnicodeEncodeError:
        raise PolicyInvalid("not Unicode") from None
    if size_bytes > MAX_POLICY_BYTES or _FORBIDDEN.search(text) or not text.endswith("\n"):
        raise PolicyInvalid("too long, control characters, or no newline at the end")
    draft = _Draft()
    for line in text.split("\n"):
        words = [word for word in re.split("[ \t]+", line) if word]
        if words and not words[0].startswith("#"):
            draft.take(words)
    return draft.policy()


def write_policy(policy: Policy, *, urls: bool = True) -> str:
    """The text of ``policy``; without ``urls`` only what a verifier needs."""

    def line(*words: str | None) -> str:
        return " ".join(word for word in words if word) + "\n"

    return "".join(
        [
            line("log", policy.log.text, policy.log_url if urls else None),
            *(line("witness", name, w.key.text, w.url if urls else None) for name, w in policy.witnesses.items()),
            *(line("group", name, str(g.threshold), *g.members) for name, g in policy.groups.items()),
            line("quorum", policy.quorum),
        ]
    )


class _Draft:
    """A policy while its lines are read."""

    def __init__(self) -> None:
        self.log: VerifierKey | None = None
        self.log_url: str | None = None
        self.witnesses: dict[str, Witness] = {}
        self.groups: dict[str, Group] = {}
        self.quorum: str | None = None
        self.keys: set[bytes] = set()
        self.members: set[str] = set()

    def take(self, words: list[str]) -> None:
        match words:
            case ["log", vkey, *url] if len(url) <= 1 and self.log is None:
                self.log = self._key(vkey, SignatureKind.ED25519)
                self.log_url = url[0] if url else None
            case ["witness", name, vkey, *url] if len(url) <= 1 and len(self.witnesses) < MAX_NAMES:
                self._define(name)
                self.witnesses[name] = Witness(
                    key=self._key(vkey, SignatureKind.COSIGNATURE), url=url[0] if url else None
                )
            case ["group", name, threshold, *members] if members and len(self.groups) < MAX_NAMES:
                self._define(name)
                self.groups[name] = self._group(threshold, tuple(members))
            case ["quorum", name] if self.quorum is None and (name == NONE or self._knows(name)):
                self.quorum = name
            case _:
                raise PolicyInvalid("a line that is none, or one too many")

    def policy(self) -> Policy:
        if self.log is None or self.quorum is None:
            raise PolicyInvalid("no log, or no quorum")
        return Policy(
            log=self.log, log_url=self.log_url, witnesses=self.witnesses, groups=self.groups, quorum=self.quorum
        )

    def _knows(self, name: str) -> bool:
        return name in self.witnesses or name in self.groups

    def _define(self, name: str) -> None:
        if name == NONE or self._knows(name):
            raise PolicyInvalid("a name used twice, or a reserved one")

    def _key(self, vkey: str, kind: SignatureKind) -> VerifierKey:
        try:
            key = read_vkey(vkey)
        except NoteMalformed as error:
            raise PolicyInvalid(error.detail) from None
        raw = key.key.public_bytes_raw()
        # One key in two roles would be one party counted twice: also a witness that is the log itself.
        if key.kind != kind or raw in self.keys:
            raise PolicyInvalid("a key of another kind than its line, or used twice")
        self.keys.add(raw)
        return key

    def _group(self, threshold: str, members: tuple[str, ...]) -> Group:
        if not all(self._knows(name) for name in members):
            raise PolicyInvalid("a group of names not defined before it")
        # Each name may be a member once in the whole policy, so that no witness counts twice.
        if len(self.members.union(members)) != len(self.members) + len(members):
            raise PolicyInvalid("a name is a member twice")
        self.members.update(members)
        try:
            least = {"any": 1, "all": len(members)}.get(threshold) or read_decimal(threshold)
        except NoteMalformed:
            raise PolicyInvalid("a threshold that is no number") from None
        if not 1 <= least <= len(members):
            raise PolicyInvalid("a threshold that nobody or anybody meets")
        return Group(threshold=least, members=members)


def _is_fresh(at: int, now: int | None) -> bool:
    return now is None or now - MAX_CHECKPOINT_AGE_SECONDS <= at <= now + MAX_AHEAD_SECONDS


def _quorum_time(policy: Policy, times: Mapping[str, int]) -> int | None:
    # Latest first: the time of the witness with whom the quorum is complete.
    seen: set[str] = set()
    if policy.is_met(seen):
        return None
    for name in sorted(times, key=lambda each: times[each], reverse=True):
        seen.add(name)
        if policy.is_met(seen):
            return times[name]
    raise CheckpointUnwitnessed
