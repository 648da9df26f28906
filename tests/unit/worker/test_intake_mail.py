"""What comes in for one job."""

from dataclasses import dataclass, field
from typing import get_args

import pytest

from schemas import canonical, subjects
from schemas.errors import JobReplayed, OfferExpired, OutOfOrder, SealedSize
from schemas.job import Accepted, Problem, Stop, pack_disclosure
from schemas.sealing import SEALED_REQUEST_BYTES
from worker.ending import STOPPED, Reason
from worker.intake_mail import JobMail
from worker.memory import ShortMemory

pytestmark = pytest.mark.anyio


@dataclass
class Message:
    """A NATS message, and what it was answered with."""

    data: bytes
    reply: str = subjects.handing("worker", "nonce")
    answers: list[bytes] = field(default_factory=list)

    async def respond(self, answer: bytes) -> None:
        """Keep the answer, which must not go where NATS says that nobody is there."""
        assert self.reply == "likeness.handed.worker.nonce"
        self.answers.append(answer)


def memory() -> ShortMemory:
    return ShortMemory(lambda: 100)


def request(content: int, disclosure: str = "disclosure") -> bytes:
    return pack_disclosure(disclosure, bytes([content]) * SEALED_REQUEST_BYTES)


async def said(mail: JobMail, data: bytes) -> str:
    """The code of the answer to a sealed request, or that it was accepted."""
    message = Message(data)
    await mail.hear_sealed(message)  # type: ignore[arg-type]
    (answer,) = message.answers
    if answer == canonical.encode(Accepted()):
        return "accepted"
    return canonical.decode(Problem, answer).code


async def stop(mail: JobMail, data: bytes) -> None:
    message = Message(data)
    await mail.hear_stop(message)  # type: ignore[arg-type]
    assert message.answers == []


async def test_the_first_sealed_request_is_taken_and_no_other() -> None:
    mail = JobMail(memory(), 200)
    assert await said(mail, b"too short") == SealedSize.code
    assert await said(mail, request(1)) == "accepted"
    assert await said(mail, request(1)) == JobReplayed.code
    assert await said(mail, request(2)) == OutOfOrder.code
    assert mail.sealed.result() == ("disclosure", bytes([1]) * SEALED_REQUEST_BYTES)


async def test_what_a_child_has_had_reaches_no_other_child() -> None:
    handed = memory()
    assert await said(JobMail(handed, 200), request(1)) == "accepted"
    mail = JobMail(handed, 200)
    assert await said(mail, request(1)) == JobReplayed.code
    assert await said(mail, request(1, "another disclosure")) == JobReplayed.code
    assert not mail.sealed.done()
    # The child still waits for what is its own.
    assert await said(mail, request(2)) == "accepted"


async def test_after_the_lease_nothing_is_taken() -> None:
    mail = JobMail(memory(), 200)
    mail.close()
    assert await said(mail, request(1)) == OfferExpired.code
    assert not mail.sealed.done()


@pytest.mark.parametrize("reason", get_args(Reason))
async def test_after_the_end_nothing_is_taken(reason: Reason) -> None:
    mail = JobMail(memory(), 200)
    await stop(mail, canonical.encode(Stop(reason=reason)))
    assert await said(mail, request(1)) == OfferExpired.code
    assert not mail.sealed.done()
    assert (mail.reason, mail.stopped.is_set()) == (reason, True)


async def test_the_first_reason_counts() -> None:
    mail = JobMail(memory(), 200)
    for reason in ("revoked", "cancelled"):
        await stop(mail, canonical.encode(Stop(reason=reason)))
    assert mail.reason == "revoked"


@pytest.mark.parametrize("data", [b"", b"{}", b'{"kind":"likeness/stop/v1","reason":"bored"}'])
async def test_what_another_worker_could_have_sent_here_is_no_end(data: bytes) -> None:
    mail = JobMail(memory(), 200)
    await stop(mail, data)
    assert (mail.reason, mail.stopped.is_set()) == (None, False)


def test_every_reason_of_the_contract_is_known() -> None:
    reason = Stop.__annotations__["reason"]
    assert set(get_args(reason)) == set(get_args(Reason)) == set(STOPPED)
