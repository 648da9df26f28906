"""Asking one witness for its cosignature, over HTTP (C2SP tlog-witness). It blocks: run it in a thread.

A witness cosigns a tree only if it continues the one it saw last. When it saw another size than we believed, it says
which, and is asked again from there. When it saw a tree that ours does not continue, that is never talked over.
"""

import http.client
from collections.abc import Callable
from http import HTTPStatus
from typing import Final, Protocol
from urllib.parse import urlsplit

from gateway.http_client import Answer
from gateway.witness_request import PATH, AddCheckpoint, read_cosignature, read_size, write_request
from schemas.checkpoint import read_checkpoint
from schemas.errors import LogUnavailable, NoteMalformed, NoteUntrusted, PolicyInvalid, ProofInvalid
from schemas.log_policy import Policy, Witness
from schemas.note import read_note

TRIES: Final = 3
"""From the size we believe in, from the one the witness names, and once more if it moved in between."""

Consistency = Callable[[int, int], list[bytes]]
"""The hashes that lead from the log's tree of one size to that of another."""


class Transport(Protocol):
    """How bytes reach a witness."""

    def post(self, url: str, body: bytes) -> Answer:
        """The answer to a POST.

        Raises:
            OSError, http.client.HTTPException: there was none.
        """
        ...

    def close(self) -> None:
        """End all connections; a ``post`` that waits fails at once."""
        ...


def cosign(transport: Transport, witness: Witness, note: str, known_size: int, consistency: Consistency) -> str:
    """The line by which ``witness`` cosigned ``note``; ``known_size`` is what we believe that it saw last.

    Raises:
        LogUnavailable: it cannot be reached, does not know this log, or answers what makes no sense.
        ProofInvalid: it says that it saw a tree which ours does not continue.
    """
    text = read_note(note).text
    size = read_checkpoint(text).size
    old_size = min(known_size, size)
    for _ in range(TRIES):
        body = write_request(AddCheckpoint(old_size=old_size, proof=tuple(consistency(old_size, size)), note=note))
        answer = _post(transport, witness, body)
        if answer.status == HTTPStatus.OK:
            return _line(answer, text, witness)
        if answer.status != HTTPStatus.CONFLICT:
            raise _refusal(answer)
        old_size = _next_size(answer, old_size, size)
    raise LogUnavailable("the witness names another size each time")


def _post(transport: Transport, witness: Witness, body: bytes) -> Answer:
    if witness.url is None:
        raise LogUnavailable("the policy does not say where this witness is")
    try:
        return transport.post(witness.url.rstrip("/") + PATH, body)
    except (OSError, http.client.HTTPException) as error:
        raise LogUnavailable(f"the witness cannot be reached: {type(error).__name__}") from error


def _line(answer: Answer, text: str, witness: Witness) -> str:
    try:
        return read_cosignature(answer.body, text, witness.key)
    except (NoteMalformed, NoteUntrusted) as error:
        raise LogUnavailable(f"the witness answered without its cosignature: {error.code}") from error


def _refusal(answer: Answer) -> LogUnavailable | ProofInvalid:
    if answer.status == HTTPStatus.UNPROCESSABLE_ENTITY:
        return ProofInvalid("the witness saw a tree that ours does not continue")
    return LogUnavailable(f"the witness refused with status {answer.status}")


def _next_size(answer: Answer, asked_from: int, size: int) -> int:
    """Where to go on after a 409."""
    try:
        theirs = read_size(answer.body)
    except NoteMalformed as error:
        raise LogUnavailable("the witness saw another size, and does not say which") from error
    if theirs > size:
        raise ProofInvalid("the witness saw a larger tree: this log has lost entries, or runs twice")
    if theirs == asked_from == size:
        # It saw what we said that it saw; the conflict can only be about the root.
        raise ProofInvalid("the witness saw another tree of this size")
    return theirs


def check_urls(policy: Policy) -> None:
    """Returns only if every witness that has a URL can be asked there.

    Raises:
        PolicyInvalid: a URL that is neither http nor https, or names no host.
    """
    for name, witness in policy.witnesses.items():
        if witness.url is not None:
            parts = urlsplit(witness.url)
            if parts.scheme not in {"http", "https"} or not parts.hostname:
                raise PolicyInvalid(f"the URL of witness {name} is none that can be asked")
