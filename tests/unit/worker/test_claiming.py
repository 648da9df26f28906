"""The claim of a worker with a TPM."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from schemas.errors import QuoteInvalid
from tests import swtpm
from tests.unit.worker.person import Person
from tests.unit.worker.serving import working
from tests.world import NatsServer
from worker.models import Bundle

pytestmark = pytest.mark.anyio


@pytest.fixture
def chip(tmp_path: Path) -> Iterator[tuple[str, ExitStack]]:
    """Where a TPM is, and what takes it away."""
    (tmp_path / "tpm").mkdir()
    with ExitStack() as plugged_in:
        yield plugged_in.enter_context(swtpm.running(tmp_path / "tpm")), plugged_in


async def test_an_attested_worker_quotes_its_key_and_offer_and_draws(
    nats: NatsServer, bundle: Bundle, chip: tuple[str, ExitStack]
) -> None:
    person = Person(bundle=bundle.digest, pool="attested")
    where, _ = chip
    async with working(nats, bundle, person, LIKENESS_POOL="attested", LIKENESS_TPM=where) as gateway:
        quotes = set()
        for i in range(2):
            gateway.frames.clear()
            claimed = await gateway.claimed(person.offer(offer_id=f"{i:032x}"))  # check_claim looks at the quote
            assert claimed.checked.claim.quote is not None
            quotes.add(claimed.checked.claim.quote.message)
            await claimed.disclose()
            assert (await claimed.receipt()).exit_kind == "normal"
        assert len(quotes) == 2
        assert gateway.enrolments[0].attestation is not None


async def test_a_tpm_that_is_gone_costs_neither_the_offer_nor_the_child(
    nats: NatsServer, bundle: Bundle, chip: tuple[str, ExitStack], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "likeness.worker")
    person = Person(bundle=bundle.digest, pool="attested")
    where, plugged_in = chip
    async with working(nats, bundle, person, LIKENESS_POOL="attested", LIKENESS_TPM=where) as gateway:
        plugged_in.close()
        await gateway.listen(person.offer())
        await gateway.offer(person.offer())
        for _ in range(2):
            await gateway.was_passed_on()
        assert gateway.claims.empty()
        assert await gateway.waiting() == 1
    said = [record.message for record in caplog.records]
    assert f"an offer was not served: {QuoteInvalid.code}" in said
    assert sum("child is warm" in line for line in said) == 1


async def test_a_tpm_is_not_asked_in_another_pool(
    nats: NatsServer, bundle: Bundle, person: Person, chip: tuple[str, ExitStack]
) -> None:
    where, plugged_in = chip
    async with working(nats, bundle, person, LIKENESS_TPM=where) as gateway:
        plugged_in.close()
        assert (await gateway.claimed(person.offer())).checked.claim.quote is None
