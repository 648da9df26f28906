"""Cases about who agreed to what: consent, its admission and withdrawal, the use of a token."""

from collections.abc import Iterator
from typing import Any

from schemas import canonical, signing
from schemas.consent import Admitted, Revocation, Revoked, consent_leaf, revocation_leaf
from schemas.job import Disclosure, JobRequest
from schemas.log_leaf import commitment
from schemas.scalars import digest, to_b64u
from tests.statements import NOTICE, NOW, World, seed, signing_key
from tests.vector_cases import proofs
from tests.vector_cases.claims import x_of

Case = dict[str, Any]


def consent_cases() -> Iterator[Case]:
    """Grants at a gateway (``open_grant``), tokens at a worker (``token_for_grant``), the answer (``admitted``)."""
    yield from _grants(World())
    yield from _tokens(World())
    yield from _admissions(World())


def _grants(world: World) -> Iterator[Case]:
    now = world.now
    ours = world.grant_jws(pool="volunteer", volunteer_machine="yes")
    grants = {
        "a fresh grant": (world.grant_jws(), now, NOTICE, "accept"),
        "yes to a volunteer's machine": (ours, now, NOTICE, "accept"),
        "no to a volunteer's machine, and no other": (world.grant_jws(pool="volunteer"), now, NOTICE, "wrong-pool"),
        "yes to a volunteer's machine in a company pool": (
            world.grant_jws(volunteer_machine="yes"),
            now,
            NOTICE,
            "wrong-pool",
        ),
        "yes to a volunteer's machine in an attested pool": (
            world.grant_jws(pool="attested", volunteer_machine="yes"),
            now,
            NOTICE,
            "wrong-pool",
        ),
        "another notice": (world.grant_jws(), now, digest(b"other"), "notice-outdated"),
        "six minutes old": (world.grant_jws(), now + 360, NOTICE, "grant-expired"),
        "from the future": (world.grant_jws(), now - 61, NOTICE, "grant-expired"),
        "already over": (world.grant_jws(expires_at=now), now, NOTICE, "grant-expired"),
        "too long": (world.grant_jws(expires_at=now + 901), now, NOTICE, "grant-expired"),
    }
    for name, (jws, at, notice, expect) in grants.items():
        yield {"name": name, "op": "open_grant", "grant": jws, "notice": notice, "now": at, "expect": expect}


def _tokens(world: World) -> Iterator[Case]:
    now, other = world.now, signing_key("other")
    grant = world.grant_jws()
    unsaid = world.grant_jws(pool="volunteer")
    token, gateway = world.token_jws(), [x_of(world.gateway)]
    new = x_of(signing_key("new gateway"))
    edits: dict[str, tuple[dict[str, Any], str]] = {
        "a token that allows less": ({"max_images": 1, "styles": ["plain"]}, "accept"),
        "more images": ({"max_images": 3}, "grant-mismatch"),
        "more disclosures": ({"max_disclosures": 2}, "grant-mismatch"),
        "another style": ({"styles": ["plain", "zoo"]}, "grant-mismatch"),
        "another notice in the token": ({"notice": digest(b"x")}, "grant-mismatch"),
        "another bundle": ({"bundle": digest(b"x")}, "grant-mismatch"),
        "another pool": ({"aud": "volunteer"}, "grant-mismatch"),
        "another region": ({"region": "elsewhere"}, "grant-mismatch"),
        "lasts longer": ({"exp": now + 901}, "grant-mismatch"),
        "for another key": ({"cnf": signing.thumbprint(other.public_key())}, "wrong-holder"),
    }
    tokens: dict[str, tuple[str, str, list[str], int, str]] = {
        "a token for its grant": (token, grant, gateway, 0, "accept"),
        **{name: (world.token_jws(**edit), grant, gateway, 0, code) for name, (edit, code) in edits.items()},
        "expired": (token, grant, gateway, 900, "token-expired"),
        "not yet": (token, grant, gateway, -61, "token-expired"),
        "another grant": (token, world.grant_jws(nonce="01" * 16), gateway, 0, "grant-mismatch"),
        "a volunteer's machine without its yes": (
            world.token_jws(grant_jws=unsaid, aud="volunteer"),
            unsaid,
            gateway,
            0,
            "grant-mismatch",
        ),
        "a grant by somebody else": (
            token,
            signing.sign(world.grant(), other, introduce=True),
            gateway,
            0,
            "wrong-holder",
        ),
        "signed by somebody else": (signing.sign(world.token(), other), grant, gateway, 0, "unknown-key"),
        "signed by a key that still verifies": (token, grant, [new, *gateway], 0, "accept"),
        "signed by a key that no longer verifies": (token, grant, [new], 0, "unknown-key"),
    }
    for name, (jws, granted, keys, later, expect) in tokens.items():
        shared: Case = {"token": jws, "grant": granted, "gateway": keys, "now": now + later}
        yield {"name": name, "op": "token_for_grant", **shared, "expect": expect}


def _admissions(world: World) -> Iterator[Case]:
    grant, token = world.grant_jws(), world.token_jws()
    leaf = consent_leaf(world.grant(), token)

    def admitted(
        name: str, expect: str, *, proof: str = proofs.proof_of(leaf), said: str = token, **edits: Any
    ) -> Case:
        raw = canonical.encode(Admitted(token=said, proof=proof)).decode()
        shared: Case = {"grant": grant, "gateway": [x_of(world.gateway)], "policy": proofs.policy(), "now": NOW}
        return {"name": name, "op": "admitted", "raw": raw, **shared, **edits, "expect": expect}

    yield admitted("an admission", "accept")
    for name, (proof, expect) in {**proofs.bad_proofs(leaf), **proofs.timed_proofs(leaf)}.items():
        yield admitted(f"a consent {name}", expect, proof=proof)
    salted = commitment("consent", seed("another salt"), token)
    yield admitted("a consent with another salt", "proof-invalid", proof=proofs.proof_of(salted))
    labelled = commitment("revocation", bytes.fromhex(world.grant().salt_commitment), token)
    yield admitted("a leaf of another kind", "proof-invalid", proof=proofs.proof_of(labelled))
    theirs = world.token_jws(grant_jws=world.grant_jws(nonce="01" * 16))
    proof = proofs.proof_of(consent_leaf(world.grant(), theirs))
    yield admitted("an admission of another grant", "grant-mismatch", said=theirs, proof=proof)
    new = x_of(signing_key("new gateway"))
    yield admitted("an admission by a key that still verifies", "accept", gateway=[new, x_of(world.gateway)])
    yield admitted("an admission by a key that no longer verifies", "unknown-key", gateway=[new])
    yield admitted("an admission under a policy that is none", "policy-invalid", policy="quorum none\n")
    good = admitted("", "")["raw"]
    yield admitted("a token alone", "not-json") | {"raw": token}
    yield admitted("an admission with a space", "not-canonical") | {"raw": good.replace(":", ": ", 1)}


def revocation_cases() -> Iterator[Case]:
    """Withdrawals at a gateway (``revocation``), and its answers at a browser (``revoked``)."""
    world = World()
    mine = world.revocation_jws()
    statements = {
        "a withdrawal": (mine, 0, "accept"),
        "a withdrawal 15 minutes old": (mine, 900, "accept"),
        "an older withdrawal": (mine, 901, "job-stale"),
        "a withdrawal from the future": (mine, -901, "job-stale"),
        "a short salt": (world.revocation_jws(salt=to_b64u(bytes(31))), 0, "bad-field"),
        "no key brought": (signing.sign(_revocation(mine), world.browser), 0, "bad-header"),
        "a consent in place of a withdrawal": (world.grant_jws(), 0, "bad-header"),
    }
    for name, (jws, later, expect) in statements.items():
        yield {"name": name, "op": "revocation", "jws": jws, "now": NOW + later, "expect": expect}
    yield from _answers(world, mine)


def _revocation(jws: str) -> Revocation:
    return signing.open_introduced(Revocation, jws).statement


def _answers(world: World, mine: str) -> Iterator[Case]:
    leaf = revocation_leaf(_revocation(mine), mine)
    again = world.revocation_jws(salt=to_b64u(seed("another salt")))
    shared: Case = {"statement": mine, "token": world.token_jws(), "policy": proofs.policy(), "now": NOW}

    def revoked(name: str, expect: str, proof: str, token: str = digest(world.token_jws().encode())) -> Case:
        said = Revoked(token=token, revoked_at=NOW, disclosures=0, proof=proof)
        raw = canonical.encode(said).decode()
        return {"name": name, "op": "revoked", "raw": raw, **shared, "expect": expect}

    good = proofs.proof_of(leaf)
    yield revoked("an answer", "accept", good)
    for name, (proof, expect) in {**proofs.bad_proofs(leaf), **proofs.timed_proofs(leaf)}.items():
        yield revoked(f"a withdrawal {name}", expect, proof)
    other = proofs.proof_of(revocation_leaf(_revocation(again), again))
    yield revoked("the proof of another withdrawal", "proof-invalid", other)
    yield revoked(
        "the proof of the consent", "proof-invalid", proofs.proof_of(consent_leaf(world.grant(), world.token_jws()))
    )
    yield revoked("an answer about another token", "grant-mismatch", good, digest(b"another token"))
    yield revoked("a proof alone", "not-json", good) | {"raw": good}


def job_cases() -> Iterator[Case]:
    """Requests and disclosures, signed by K_u just now."""
    world = World()
    holder, token = signing.thumbprint(world.browser.public_key()), world.job_request_jws()
    stranger = signing_key("other")
    request = signing.open_introduced(JobRequest, token).statement
    shared = {"holder": holder, "token": request.token}
    yield {"name": "a request", "op": "job", "jws": token, **shared, "now": world.now, "expect": "accept"}
    yield {"name": "an old request", "op": "job", "jws": token, **shared, "now": world.now + 61, "expect": "job-stale"}
    yield {
        "name": "a request by somebody else",
        "op": "job",
        "jws": signing.sign(request, stranger, introduce=True),
        **shared,
        "now": world.now,
        "expect": "wrong-holder",
    }
    yield {
        "name": "a request for another token",
        "op": "job",
        "jws": world.job_request_jws(token=digest(b"x")),
        **shared,
        "now": world.now,
        "expect": "wrong-holder",
    }
    yield {
        "name": "a disclosure",
        "op": "disclosure",
        "jws": world.disclosure_jws(),
        **shared,
        "now": world.now,
        "expect": "accept",
    }
    yield {
        "name": "an old disclosure",
        "op": "disclosure",
        "jws": world.disclosure_jws(),
        **shared,
        "now": world.now + 61,
        "expect": "job-stale",
    }
    disclosure = signing.open_introduced(Disclosure, world.disclosure_jws()).statement
    yield {
        "name": "a disclosure by somebody else",
        "op": "disclosure",
        "jws": signing.sign(disclosure, stranger, introduce=True),
        **shared,
        "now": world.now,
        "expect": "wrong-holder",
    }
    yield {
        "name": "a request in place of a disclosure",
        "op": "disclosure",
        "jws": token,
        **shared,
        "now": world.now,
        "expect": "bad-header",
    }
