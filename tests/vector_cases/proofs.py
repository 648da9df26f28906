"""What may be wrong with the proof that an entry stands in the log, the same for every kind of entry."""

from dataclasses import replace

from schemas.log_proof import LogProof, write_proof
from schemas.scalars import digest
from tests.log_world import WITNESSES, LogWorld
from tests.statements import NOW, signing_key

EARLIER = (b"an entry", b"another entry", b"a third entry")
"""What stands in the log before, so that a proof has hashes in it."""


def log_world() -> LogWorld:
    """The log of all cases, before their own entries."""
    return LogWorld(entries=list(EARLIER))


def policy() -> str:
    """The policy of all cases."""
    return log_world().policy_text


def proof_of(entry: bytes) -> str:
    """A good proof of ``entry``."""
    return log_world().prove(entry)


def proof_at(entry: bytes, now: int) -> str:
    """A proof of ``entry`` that was witnessed at ``now``."""
    return replace(log_world(), now=now).prove(entry)


def bad_proofs(entry: bytes) -> dict[str, tuple[str, str]]:
    """Proofs of ``entry`` that nobody may accept, old or fresh, each with its code."""
    other_log = replace(log_world(), log=signing_key("other log"))
    other_witnesses = replace(log_world(), witnesses={name: signing_key(f"other {name}") for name in WITNESSES})
    return {
        "not in the log": (proof_of(b"something else"), "proof-invalid"),
        "in a fork that was witnessed all the same": (_forked(entry), "proof-invalid"),
        "in a log that one of two witnesses saw": (log_world().prove(entry, witnesses=1), "checkpoint-unwitnessed"),
        "in a log of other witnesses": (other_witnesses.prove(entry), "checkpoint-unwitnessed"),
        "in a log by another key": (other_log.prove(entry), "note-untrusted"),
        "without a proof": ("", "note-malformed"),
    }


def timed_proofs(entry: bytes) -> dict[str, tuple[str, str]]:
    """Proofs of ``entry`` at ``NOW``, by the age of their cosignatures."""
    return {
        "in a log seen 600 seconds ago": (proof_at(entry, NOW - 600), "accept"),
        "in a log seen 601 seconds ago": (proof_at(entry, NOW - 601), "checkpoint-stale"),
        "in a log seen 61 seconds from now": (proof_at(entry, NOW + 61), "checkpoint-stale"),
    }


def _forked(entry: bytes) -> str:
    log = log_world()
    log.prove(entry)
    index = log.entries.index(entry)
    root = bytes.fromhex(digest(b"another tree"))
    return write_proof(LogProof(index, tuple(log.inclusion(index)), log.checkpoint(root=root)))
