"""Whatever is asked in whatever order, a token's counters never pass its limits."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger import TokenUse
from gateway.replay import MAX_JOBS, check_room, open_job, refund, revoke, spend
from schemas.errors import LikenessError, OutOfOrder, TokenExhausted, TokenExpired, TokenRevoked, WrongHolder
from schemas.scalars import to_b64u

HOLDER = to_b64u(bytes(32))
TOKEN, JOB, LEAF = "0" * 64, "1" * 32, "2" * 64
small = st.integers(1, 8)


def use(**edits: Any) -> TokenUse:
    base = TokenUse(
        holder=HOLDER,
        token=TOKEN,
        max_images=4,
        max_disclosures=2,
        images=0,
        disclosures=0,
        jobs=1,
        offer_id=JOB,
        expires_at=1000,
        revoked_at=None,
        revocation=None,
    )
    return msgspec.structs.replace(base, **edits)


@given(max_images=small, max_disclosures=small, asked=st.lists(st.tuples(small, small, st.booleans()), max_size=30))
def test_counters_never_pass_their_limits(
    max_images: int, max_disclosures: int, asked: list[tuple[int, int, bool]]
) -> None:
    now = use(max_images=max_images, max_disclosures=max_disclosures)
    reached = 0
    for n, images, is_refunded in asked:
        try:
            after = spend(now, JOB, n=n, images=images, now=0)
        except LikenessError:
            continue
        if is_refunded:
            assert refund(after, images=images) == now
            continue
        now, reached = after, reached + 1
    assert now.images <= max_images
    assert now.disclosures == reached <= max_disclosures


@given(n=small)
def test_of_two_disclosures_with_one_number_one_is_refused(n: int) -> None:
    first = use(max_images=8, max_disclosures=8, disclosures=n - 1)
    second = spend(first, JOB, n=n, images=1, now=0) if n < 8 or first.disclosures < 8 else first
    with pytest.raises((OutOfOrder, TokenExhausted)):
        spend(second, JOB, n=n, images=1, now=0)


def test_what_fits_exactly_fits() -> None:
    check_room(use(images=3, disclosures=1), images=1, now=999)


@pytest.mark.parametrize(
    ("edits", "images", "now", "error"),
    [
        ({"images": 3}, 2, 0, TokenExhausted),
        ({"disclosures": 2}, 1, 0, TokenExhausted),
        ({}, 1, 1000, TokenExpired),
        ({"revoked_at": 0}, 1, 0, TokenRevoked),
        ({"revoked_at": 0}, 1, 1000, TokenRevoked),
    ],
)
def test_what_does_not_fit_is_refused(edits: dict[str, Any], images: int, now: int, error: type[LikenessError]) -> None:
    with pytest.raises(error):
        check_room(use(**edits), images=images, now=now)


def test_only_the_job_opened_last_is_disclosed_to() -> None:
    later = open_job(use(), "9" * 32, images=1, now=0)
    with pytest.raises(OutOfOrder):
        spend(later, JOB, n=1, images=1, now=0)
    assert spend(later, "9" * 32, n=1, images=1, now=0).disclosures == 1


def test_a_token_opens_so_many_jobs() -> None:
    assert open_job(use(jobs=MAX_JOBS - 1), JOB, images=1, now=0).jobs == MAX_JOBS
    with pytest.raises(TokenExhausted):
        open_job(use(jobs=MAX_JOBS), JOB, images=1, now=0)


def test_after_a_withdrawal_nothing_is_spent_and_the_first_one_stays() -> None:
    first = revoke(use(), holder=HOLDER, token=TOKEN, commitment=LEAF, now=5)
    assert (first.revoked_at, first.revocation) == (5, LEAF)
    assert revoke(first, holder=HOLDER, token=TOKEN, commitment="3" * 64, now=6) == first
    with pytest.raises(TokenRevoked):
        spend(first, JOB, n=1, images=1, now=5)
    with pytest.raises(TokenRevoked):
        open_job(first, JOB, images=1, now=5)


@pytest.mark.parametrize("edits", [{"holder": to_b64u(bytes(31) + b"1")}, {"token": "f" * 64}])
def test_nobody_withdraws_the_consent_of_another(edits: dict[str, str]) -> None:
    by_whom = {"holder": HOLDER, "token": TOKEN} | edits
    with pytest.raises(WrongHolder):
        revoke(use(), commitment=LEAF, now=0, **by_whom)
