"""A token never allows more than the consent, nor more than the gateway offers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.issuing import issue
from schemas import signing
from schemas.consent import check_grant_of_token, consent_leaf, open_token
from schemas.errors import LikenessError
from schemas.scalars import digest
from tests.statements import NOW, World
from tests.unit.gateway.doors import Scene

JTI = "ab" * 16


def test_a_token_says_what_the_consent_said() -> None:
    world, door = World(), Scene().door()
    issued = issue(world.grant_jws(), door.terms, key=world.gateway, jti=JTI, now=NOW)
    token = open_token(issued.jws, gateway=(world.gateway.public_key(),), now=NOW)
    assert token == issued.token
    assert token.jti == JTI
    assert check_grant_of_token(token, world.grant_jws()) == world.grant()
    assert (issued.use.images, issued.use.disclosures) == (0, 0)
    assert (issued.use.holder, issued.use.token) == (token.cnf, digest(issued.jws.encode()))
    assert issued.leaf == consent_leaf(world.grant(), issued.jws)


@given(lived=st.integers(0, 299), asked=st.integers(1, 900), allowed=st.integers(60, 900))
def test_a_token_never_outlives_the_consent_nor_the_gateways_limit(lived: int, asked: int, allowed: int) -> None:
    world, door = World(), Scene().door(token_seconds=allowed)
    now = NOW + lived
    grant = world.grant_jws(expires_at=NOW + asked)
    if asked <= lived:
        with pytest.raises(LikenessError, match="ago"):
            issue(grant, door.terms, key=world.gateway, jti=JTI, now=now)
        return
    token = issue(grant, door.terms, key=world.gateway, jti=JTI, now=now).token
    assert now < token.exp <= min(NOW + asked, now + allowed)


REFUSALS: dict[str, tuple[str, dict[str, Any]]] = {
    "another notice": ("notice-outdated", {"notice": digest(b"an older notice")}),
    "another bundle": ("unknown-bundle", {"bundle": digest(b"another bundle")}),
    "a style that the bundle lacks": ("unknown-style", {"styles": ["plain", "throne-room"]}),
    "styles out of order": ("unknown-style", {"styles": ["studio", "plain"]}),
    "a style twice": ("unknown-style", {"styles": ["plain", "plain"]}),
    "a pool that is not offered": ("wrong-pool", {"pool": "volunteer", "volunteer_machine": "yes"}),
    "a volunteer's machine in the company's pool": ("wrong-pool", {"volunteer_machine": "yes"}),
    "another region": ("wrong-pool", {"region": "elsewhere"}),
    "more portraits than allowed": ("over-limit", {"max_images": 5}),
    "more workers than allowed": ("over-limit", {"max_disclosures": 3}),
    "too long a life": ("grant-expired", {"expires_at": NOW + 901}),
    "from the future": ("grant-expired", {"issued_at": NOW + 61}),
    "from too long ago": ("grant-expired", {"issued_at": NOW - 301}),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_is_not_offered_is_refused(name: str) -> None:
    code, edits = REFUSALS[name]
    world, door = World(), Scene().door()
    with pytest.raises(LikenessError) as refusal:
        issue(world.grant_jws(**edits), door.terms, key=world.gateway, jti=JTI, now=NOW)
    assert refusal.value.code == code


def test_a_consent_without_the_browsers_key_in_it_is_refused() -> None:
    world, door = World(), Scene().door()
    with pytest.raises(LikenessError) as refusal:
        issue(signing.sign(world.grant(), world.browser), door.terms, key=world.gateway, jti=JTI, now=NOW)
    assert refusal.value.code == "bad-header"
