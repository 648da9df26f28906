"""Laws of consent that vectors cannot list."""

import itertools
import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.consent import (
    REVOCATION_FRESH_SECONDS,
    ConsentGrant,
    check_grant_of_token,
    open_grant,
    open_revocation,
    revocation_leaf,
)
from schemas.errors import GrantMismatch, JobStale, WrongPool
from schemas.scalars import Pool
from tests.statements import NOTICE, NOW, World

SAID = typing.get_args(ConsentGrant.__annotations__["volunteer_machine"])


@pytest.mark.parametrize(("pool", "said"), list(itertools.product(typing.get_args(Pool), SAID)))
def test_gateway_and_worker_agree_whose_machine_a_yes_is_about(pool: Pool, said: str) -> None:
    world = World()
    grant = world.grant_jws(pool=pool, volunteer_machine=said)
    token = world.token(grant_jws=grant, aud=pool)
    if (pool == "volunteer") is (said == "yes"):
        open_grant(grant, notice=NOTICE, now=NOW)
        check_grant_of_token(token, grant)
        return
    with pytest.raises(WrongPool):
        open_grant(grant, notice=NOTICE, now=NOW)
    with pytest.raises(GrantMismatch):
        check_grant_of_token(token, grant)


@given(st.integers(-2 * REVOCATION_FRESH_SECONDS, 2 * REVOCATION_FRESH_SECONDS))
def test_a_withdrawal_is_of_its_quarter_of_an_hour(later: int) -> None:
    jws = World().revocation_jws()
    try:
        opened = open_revocation(jws, now=NOW + later)
    except JobStale:
        assert abs(later) > REVOCATION_FRESH_SECONDS
    else:
        assert abs(later) <= REVOCATION_FRESH_SECONDS
        assert len(revocation_leaf(opened.statement, jws)) == 32
