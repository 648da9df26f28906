"""What the check of a kept file tells a person. Edits of these files are vectors (tests/vector_cases/kept.py)."""

from schemas import signing
from schemas.consent_file import check_consent, consent_sentences
from schemas.receipt_file import check_receipt_file
from tests.statements import World
from tests.vector_cases.kept import consent_file_of, receipt_file_of


def test_every_step_of_a_consent_file_is_told() -> None:
    world = World()
    told = list(consent_sentences(check_consent(consent_file_of(world))))
    assert len(told) == 4
    assert signing.thumbprint(world.browser.public_key()) in told[0]
    assert signing.thumbprint(world.gateway.public_key()) in told[2]


def test_every_step_of_a_receipt_file_is_told() -> None:
    world = World()
    told = list(check_receipt_file(receipt_file_of(world)))
    assert told[:4] == list(consent_sentences(check_consent(consent_file_of(world))))
    assert len(told) == 10
    assert signing.thumbprint(world.worker.public_key()) in told[6]


def test_a_job_that_opened_nothing_is_told_as_such() -> None:
    world = World()
    unused = world.receipt_jws(opened_at=None, exit_kind="unused", images=0, result=None)
    assert "never opened" in list(check_receipt_file(receipt_file_of(world, receipt=unused)))[-1]
