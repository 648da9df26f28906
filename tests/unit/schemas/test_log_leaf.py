"""Laws of what stands in the log."""

import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import canonical
from schemas.errors import BadField
from schemas.log_leaf import (
    COMMITMENT_BYTES,
    SALT_BYTES,
    CommitmentTo,
    PublicFact,
    commitment,
    public_entry,
    roster_entry,
)
from tests.statements import World

kinds = st.sampled_from(typing.get_args(CommitmentTo))
salts = st.binary(min_size=SALT_BYTES, max_size=SALT_BYTES)
statements = st.text(alphabet="AZaz09-_.", max_size=40)
subjects = st.tuples(kinds, salts, statements)
facts = st.builds(
    PublicFact,
    what=st.sampled_from(["bundle", "page", "styles", "wheel"]),
    name=st.from_regex(r"[a-z0-9][a-z0-9-]{0,47}", fullmatch=True),
    version=st.text(min_size=1, max_size=120),
    digest=st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
)


@given(subjects, subjects)
def test_two_commitments_are_the_same_only_when_all_of_it_is(
    one: tuple[CommitmentTo, bytes, str], other: tuple[CommitmentTo, bytes, str]
) -> None:
    assert (commitment(*one) == commitment(*other)) is (one == other)


@given(subjects, st.data())
def test_changing_one_thing_changes_the_commitment(one: tuple[CommitmentTo, bytes, str], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, 2))
    fresh: st.SearchStrategy[typing.Any] = (kinds, salts, statements)[place]
    other = [*one]
    other[place] = data.draw(fresh.filter(lambda value: value != one[place]))
    assert commitment(*one) != commitment(*other)  # type: ignore[arg-type]


@given(subjects)
def test_a_commitment_has_one_length(one: tuple[CommitmentTo, bytes, str]) -> None:
    assert len(commitment(*one)) == COMMITMENT_BYTES


@given(st.binary(max_size=80).filter(lambda salt: len(salt) != SALT_BYTES), kinds)
def test_a_salt_has_one_length(salt: bytes, kind: CommitmentTo) -> None:
    with pytest.raises(BadField):
        commitment(kind, salt, "x.y.z")


@given(facts)
def test_a_public_fact_is_read_back_and_is_never_taken_for_a_commitment(fact: PublicFact) -> None:
    entry = public_entry(fact)
    assert canonical.decode(PublicFact, entry) == fact
    assert len(entry) != COMMITMENT_BYTES


def test_a_roster_entry_is_never_taken_for_a_commitment() -> None:
    roster = World().roster_jws()
    assert roster_entry(roster).decode() == roster
    assert len(roster_entry(roster)) > COMMITMENT_BYTES
