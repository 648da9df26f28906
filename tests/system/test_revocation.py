"""A consent is withdrawn, in the whole system: while its job waits, is claimed, is drawn, or is done."""

from pathlib import Path

import pytest

from schemas import embedding, signing
from schemas.errors import TokenRevoked
from schemas.frames import Frame, FrameKind
from tests import tiny_bundle
from tests.client import Claimed, Job, Outcome, Person
from tests.whole import System, running

pytestmark = [pytest.mark.anyio, pytest.mark.system]
RECORD = embedding.encode(tiny_bundle.public_record())
STYLE = tiny_bundle.STYLES[0]


class Withdrawing(Job):
    """Withdraws at the first frame of one kind."""

    at: FrameKind
    is_withdrawn: bool = False

    async def take(self, frame: Frame) -> None:
        """Withdraw once."""
        await super().take(frame)
        if frame.kind is self.at and not self.is_withdrawn:
            self.is_withdrawn = True
            assert (await self.person.revoke()).status_code == 200


async def withdrawn(person: Person, at: FrameKind) -> Outcome:
    """What comes of a job whose consent is withdrawn at its first frame of this kind."""
    keys = tuple(map(signing.key_of, (await person.facts()).keys))
    job = Withdrawing(person, keys, RECORD, STYLE, 1, 1)
    job.at = at
    return await job.run()


async def nothing_more(person: Person, system: System) -> None:
    """The consent is good for nothing any more, and nobody else is concerned."""
    with pytest.raises(TokenRevoked):
        await person.draw(RECORD, STYLE)
    async with system.http() as http:
        other = Person(http)
        assert (await other.consent()).status_code == 201
        assert (await other.draw(RECORD, STYLE)).images, "the next person is served"


async def test_a_job_that_waits_is_dropped(tmp_path: Path) -> None:
    async with running(tmp_path, start_worker=False) as system, system.http() as http:
        person = Person(http)
        assert (await person.consent()).status_code == 201
        outcome = await withdrawn(person, FrameKind.WAITING)
        assert outcome.problem is not None
        assert (outcome.problem.code, outcome.receipt) == (TokenRevoked.code, None)
        await system.worker.start()
        await system.wait_until_ready(workers=1)
        assert not [path for path in system.reached if path.endswith("/disclosures")]
        await nothing_more(person, system)


async def test_a_job_that_is_claimed_is_not_disclosed(tmp_path: Path) -> None:
    class Hesitant(Job):
        async def disclose(self, to: Claimed) -> None:
            assert (await self.person.revoke()).status_code == 200
            await super().disclose(to)

    async with running(tmp_path) as system, system.http() as http:
        person = Person(http)
        assert (await person.consent()).status_code == 201
        keys = tuple(map(signing.key_of, (await person.facts()).keys))
        job = Hesitant(person, keys, RECORD, STYLE, 1, 1)
        outcome = await job.run()
        assert job.disclosure_answer is not None
        assert job.disclosure_answer.json()["code"] in {TokenRevoked.code, "unknown-job"}
        assert outcome.problem is not None
        assert (outcome.problem.code, outcome.receipt, outcome.images) == (TokenRevoked.code, None, [])
        await nothing_more(person, system)


async def test_a_job_that_is_drawn_ends_with_a_receipt_that_says_so(tmp_path: Path) -> None:
    async with running(tmp_path, steps=200, burden=1500) as system, system.http() as http:
        person = Person(http)
        assert (await person.consent()).status_code == 201
        outcome = await withdrawn(person, FrameKind.PROGRESS)
        assert outcome.problem is not None
        assert (outcome.problem.code, outcome.images) == (TokenRevoked.code, [])
        assert outcome.receipt is not None
        assert (outcome.receipt.exit_kind, outcome.receipt.result) == ("revoked", None)
        assert outcome.file is not None, "the receipt stands in the log"
        assert max(told.step for told in outcome.progress) < 20, "it was not drawn to the end"
        with pytest.raises(TokenRevoked):
            await person.draw(RECORD, STYLE)


async def test_after_the_job_a_withdrawal_closes_the_consent(tmp_path: Path) -> None:
    async with running(tmp_path) as system, system.http() as http:
        person = Person(http)
        assert (await person.consent()).status_code == 201
        assert (await person.draw(RECORD, STYLE)).file is not None
        statement = person.revocation()
        first, again = await person.revoke(statement), await person.revoke(statement)
        assert (first.status_code, again.status_code) == (200, 200)
        with pytest.raises(TokenRevoked):
            await person.draw(RECORD, STYLE)
