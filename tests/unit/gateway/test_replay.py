"""Whatever is asked in whatever order, a token's counters never pass its limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger import TokenUse
from gateway.replay import check_room, refund, spend
from schemas.errors import LikenessError, OutOfOrder, TokenExhausted, TokenExpired
from schemas.scalars import to_b64u

HOLDER = to_b64u(bytes(32))
small = st.integers(1, 8)


def use(**edits: int) -> TokenUse:
    fields = {"max_images": 4, "max_disclosures": 2, "images": 0, "disclosures": 0, "expires_at": 1000}
    return TokenUse(holder=HOLDER, **(fields | edits))


@given(max_images=small, max_disclosures=small, asked=st.lists(st.tuples(small, small, st.booleans()), max_size=30))
def test_counters_never_pass_their_limits(
    max_images: int, max_disclosures: int, asked: list[tuple[int, int, bool]]
) -> None:
    now = use(max_images=max_images, max_disclosures=max_disclosures)
    reached = 0
    for n, images, is_refunded in asked:
        try:
            after = spend(now, n=n, images=images, now=0)
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
    second = spend(first, n=n, images=1, now=0) if n < 8 or first.disclosures < 8 else first
    with pytest.raises((OutOfOrder, TokenExhausted)):
        spend(second, n=n, images=1, now=0)


def test_what_fits_exactly_fits() -> None:
    check_room(use(images=3, disclosures=1), images=1, now=999)


@pytest.mark.parametrize(
    ("edits", "images", "now", "error"),
    [
        ({"images": 3}, 2, 0, TokenExhausted),
        ({"disclosures": 2}, 1, 0, TokenExhausted),
        ({}, 1, 1000, TokenExpired),
    ],
)
def test_what_does_not_fit_is_refused(edits: dict[str, int], images: int, now: int, error: type[LikenessError]) -> None:
    with pytest.raises(error):
        check_room(use(**edits), images=images, now=now)
