"""Laws of the names on NATS, on which the permissions of a worker are built."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from schemas import subjects

workers = st.from_regex(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", fullmatch=True)
ids = st.from_regex(r"[0-9a-f]{32}", fullmatch=True)
OF_ONE_JOB: list[Callable[[str, str], str]] = [subjects.claim, subjects.seal, subjects.event, subjects.stop]


@given(workers, ids)
def test_a_worker_stands_in_the_third_place_of_each_of_its_subjects(worker: str, offer_id: str) -> None:
    for of_one_job in OF_ONE_JOB:
        root, _, third, fourth = of_one_job(worker, offer_id).split(".")
        assert (root, third, fourth) == ("likeness", worker, offer_id)
    assert subjects.enrol(worker).split(".") == ["likeness", "enrol", worker]


@given(workers, ids)
def test_no_subject_has_a_wildcard_or_stands_for_another(worker: str, offer_id: str) -> None:
    names = [
        *(of_one_job(worker, offer_id) for of_one_job in OF_ONE_JOB),
        subjects.enrol(worker),
        subjects.revoked(offer_id),
        subjects.inbox(worker),
        subjects.offer("company", offer_id * 2),
    ]
    assert len(set(names)) == len(names)
    assert not any(character in name for name in names for character in "*> ")
