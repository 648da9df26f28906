"""The log's key and policy on disk, and the log that they are of."""

import os
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.cosigning import Transport
from gateway.keys import create_file, load_or_create
from gateway.log_keeper import LogKeeper
from gateway.log_store import LogStore
from gateway.settings import Settings
from schemas import signing
from schemas.errors import LikenessError, PolicyInvalid
from schemas.log_policy import Policy, read_policy, write_policy
from schemas.note import SignatureKind, VerifierKey


def open_log(settings: Settings, clock: Callable[[], int], transport: Transport | None = None) -> LogKeeper:
    """The log of ``settings``, not started yet; its key and its policy are made where there are none.

    Raises:
        SettingInvalid: the key cannot be read or made.
        PolicyInvalid: the policy cannot, or is about another log.
        LogUnavailable, ProofInvalid: the log cannot be opened; see ``LogStore``.
    """
    key = load_or_create(settings.log_signing_key_file, os.urandom(32))
    policy = load_policy(settings.policy_file, key)
    store = LogStore(settings.log_folder)
    try:
        return LogKeeper(store, policy, key, clock=clock, transport=transport)
    except LikenessError:
        store.close()
        raise


def log_vkey(key: Ed25519PrivateKey) -> VerifierKey:
    """The key of a log as others know it. Its name, which is the log's origin, is unique without asking anybody."""
    public = key.public_key()
    return VerifierKey(name=f"likeness/{signing.thumbprint(public)}", kind=SignatureKind.ED25519, key=public)


def load_policy(file: Path, key: Ed25519PrivateKey) -> Policy:
    """The policy in ``file``; where there is none, one without witnesses for the log of ``key`` is put there.

    The log may have another name there than ``log_vkey`` gives it, but no other key.

    Raises:
        PolicyInvalid: it cannot be read or made, is none, or is about another log.
    """
    try:
        if not file.exists():
            create_file(file, write_policy(Policy(log=log_vkey(key))), mode=0o644)
        policy = read_policy(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise PolicyInvalid(f"policy file {file.name}: {reason}") from error
    if policy.log.key.public_bytes_raw() != key.public_key().public_bytes_raw():
        raise PolicyInvalid(f"policy file {file.name} is about the log of another key")
    return policy
