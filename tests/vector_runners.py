"""How the vectors of the log, and those that others published, are run through the Python side."""

import hmac
from base64 import b64decode
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from schemas import checkpoint, log_policy, log_proof, merkle, note, sealing
from schemas.errors import NoteUntrusted, ProofInvalid
from tests import naive_tree

Case = dict[str, Any]


def run_merkle(case: Case) -> None:
    """``op`` root, inclusion or consistency."""
    if case["op"] == "root":
        assert naive_tree.root([bytes.fromhex(entry) for entry in case["entries"]]) == b64decode(case["root"])
        return
    proof = [b64decode(each) for each in case["proof"]]
    if case["op"] == "inclusion":
        leaf = merkle.leaf_hash(bytes.fromhex(case["entry"])) if "entry" in case else b64decode(case["leaf"])
        if merkle.root_from_inclusion(case["index"], case["size"], leaf, proof) != b64decode(case["root"]):
            raise ProofInvalid
    else:
        old_root, new_root = b64decode(case["old_root"]), b64decode(case["new_root"])
        merkle.check_consistency(case["old_size"], case["new_size"], old_root, new_root, proof)


def run_note(case: Case) -> None:
    """``op`` vkey, note or cosignature."""
    key = note.read_vkey(case["vkey"])
    assert key.text == case["vkey"]
    if case["op"] == "note":
        if not note.is_signed(note.read_note(case["note"]), key):
            raise NoteUntrusted
    elif case["op"] == "cosignature":
        assert list(checkpoint.cosigned_at(note.read_note(case["note"]), key)) == case["at"]


def run_log_policy(case: Case) -> None:
    """``op`` read or open."""
    policy = log_policy.read_policy(case["policy"])
    assert log_policy.read_policy(log_policy.write_policy(policy)) == policy
    if case["op"] == "open":
        opened = log_policy.open_checkpoint(policy, case["note"], now=case["now"])
        assert (opened.at, list(opened.witnesses)) == (case["at"], case["witnesses"])


def run_log_proof(case: Case) -> None:
    """A proof under a policy."""
    policy = log_policy.read_policy(case["policy"])
    found = log_proof.check_inclusion(policy, case["proof"], bytes.fromhex(case["entry"]), now=case["now"])
    assert (found.index, found.size, found.at) == (case["index"], case["size"], case["at"])
    assert log_proof.write_proof(log_proof.read_proof(case["proof"])) == case["proof"]


def run_ed25519(case: Case) -> None:
    """A signature by the primitive that notes and statements alike are checked with."""
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(case["key"]))
    key = note.VerifierKey("anybody", note.SignatureKind.ED25519, public)
    note.verify(key, bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]))


def run_xwing(case: Case) -> None:
    """Seed to key pair; and a request sealed under the published shared secret opens, so decapsulation finds it too."""
    mine = sealing.worker_key(bytes.fromhex(case["seed"]))
    if case["public"] is not None:
        assert mine.public == b64decode(case["public"])
    secret = bytes.fromhex(case["shared_secret"])
    if "key_schedule" in case:
        known = case["key_schedule"]
        made = key_schedule(secret, bytes.fromhex(known["info"]), known["aead_id"])
        assert [part.hex() for part in made] == [known["key"], known["base_nonce"]]
    key, nonce = key_schedule(secret, b"info", 2)
    padded = sealing.pad(b"a request", sealing.REQUEST_ROOM_BYTES)
    sealed = b64decode(case["enc"]) + AESGCM(key).encrypt(nonce, padded, b"")
    assert sealing.open_request(sealed, mine, b"info") == b"a request"


def key_schedule(shared_secret: bytes, info: bytes, aead_id: int) -> tuple[bytes, bytes]:
    """Key and nonce of RFC 9180 5.1, base mode, for X-Wing (0x647a), HKDF-SHA256 and an AEAD with a 32-byte key."""
    suite = b"HPKE" + (0x647A).to_bytes(2, "big") + (1).to_bytes(2, "big") + aead_id.to_bytes(2, "big")

    def extract(salt: bytes, label: bytes, ikm: bytes) -> bytes:
        return hmac.digest(salt, b"HPKE-v1" + suite + label + ikm, "sha256")

    def expand(label: bytes, length: int) -> bytes:
        labelled = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + context
        return hmac.digest(secret, labelled + b"\x01", sha256)[:length]

    context = b"\0" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    secret = extract(shared_secret, b"secret", b"")
    return expand(b"key", 32), expand(b"base_nonce", 12)


LOG_RUNNERS: dict[str, Callable[[Case], None]] = {
    "merkle": run_merkle,
    "note": run_note,
    "log_policy": run_log_policy,
    "log_proof": run_log_proof,
    "ed25519": run_ed25519,
    "xwing": run_xwing,
}
