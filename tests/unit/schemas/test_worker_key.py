"""Laws of endorsements: what a company's word is worth, and when."""

from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import NotEndorsed
from schemas.worker_key import ENDORSEMENT_SECONDS, check_endorsement
from tests.statements import NOW, World

around = st.integers(-3, 3)
lengths = st.sampled_from([1, 3600, ENDORSEMENT_SECONDS])
ends = st.sampled_from([-60, 0, 1, 3600, ENDORSEMENT_SECONDS])


@given(end=ends, beside=around, length=lengths, over=around)
def test_an_endorsement_holds_in_its_own_time_and_for_90_days_at_most(
    end: int, beside: int, length: int, over: int
) -> None:
    world, later = World(), end + beside
    roster = world.roster(endorsement=world.endorsement_jws(not_after=NOW + length + over))
    holds = -60 <= later < length + over <= ENDORSEMENT_SECONDS
    try:
        check_endorsement(roster, world.company.public_key(), now=NOW + later)
    except NotEndorsed:
        assert not holds
    else:
        assert holds
