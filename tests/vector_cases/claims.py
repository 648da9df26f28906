"""Cases about claims: one before a byte is sealed, and the choice among several."""

from collections.abc import Iterator
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas import canonical, signing
from schemas.attestation import quote_binding
from schemas.log_leaf import roster_entry
from schemas.scalars import digest, to_b64u
from schemas.worker_key import ENDORSEMENT_SECONDS, Endorsement
from tests.quotes import attest, attestation_key, signed
from tests.statements import SOFTWARE, World, seed, signing_key
from tests.vector_cases import proofs

Case = dict[str, Any]


def x_of(key: Ed25519PrivateKey) -> str:
    """The public half of ``key`` as a JWK writes it."""
    return to_b64u(key.public_key().public_bytes_raw())


def claim_cases() -> Iterator[Case]:
    """Offer, roster entry, proof and claim at the browser; ``company`` is the root in the page's address."""
    world = World()
    yield _case("a good claim")
    yield from _mismatches(world)
    yield from _keys(world)
    roster = world.roster_jws()
    entry = roster_entry(roster)
    for name, (proof, expect) in {**proofs.bad_proofs(entry), **proofs.timed_proofs(entry)}.items():
        yield _case(f"a worker {name}", expect, proof=proof)
    yield from _endorsements(world)
    yield from _quotes(world)


def _case(
    name: str,
    expect: str = "accept",
    *,
    offer: str | None = None,
    roster: str | None = None,
    claim: str | None = None,
    proof: str | None = None,
    later: int = 0,
    **rest: Any,
) -> Case:
    world = World()
    roster = world.roster_jws() if roster is None else roster
    return {
        "name": name,
        "offer": canonical.encode(world.offer()).decode() if offer is None else offer,
        "roster": roster,
        "proof": proofs.proof_of(roster_entry(roster)) if proof is None else proof,
        "claim": world.claim_jws(roster=digest(roster.encode())) if claim is None else claim,
        "gateway": [x_of(world.gateway)],
        "policy": proofs.policy(),
        "company": None,
        "now": world.now + later,
        **rest,
        "expect": expect,
    }


def _mismatches(world: World) -> Iterator[Case]:
    other = digest(b"other")
    claims = {
        "another bundle": world.claim_jws(bundle=other),
        "another roster entry": world.claim_jws(roster=other),
        "another worker named in the claim": world.claim_jws(worker=_other_thumbprint()),
        "a claim from the future": world.claim_jws(issued_at=world.now + 61),
    }
    for name, claim in claims.items():
        yield _case(name, "claim-mismatch", claim=claim)
    rosters = {
        "a roster entry that is over": world.roster_jws(not_after=world.now),
        "a roster entry for too long": world.roster_jws(not_after=world.now + 24 * 3600 + 1),
        "a roster entry from the future": world.roster_jws(enrolled_at=world.now + 61),
        "a roster entry with another key in it": world.roster_jws(key=x_of(signing_key("other"))),
        "a worker of another pool": world.roster_jws(pool="volunteer"),
        "a worker of another region": world.roster_jws(region="elsewhere"),
        "a worker without the bundle": world.roster_jws(bundles=[other]),
    }
    for name, roster in rosters.items():
        yield _case(name, "claim-mismatch", roster=roster)
    yield _case("another offer", "claim-mismatch", offer=canonical.encode(world.offer(lot=2, lots=2)).decode())
    yield _case("a lease that is over", "claim-mismatch", later=30)
    yield _case("a short key", "bad-field", claim=world.claim_jws(hpke_key=to_b64u(bytes(1215))))


def _keys(world: World) -> Iterator[Case]:
    by_other = signing.sign(world.roster(), signing_key("other"))
    yield _case("a roster entry by somebody else", "unknown-key", roster=by_other)
    yield _case("a claim by somebody else", "unknown-key", claim=signing.sign(world.claim(), signing_key("other")))
    new, old = x_of(signing_key("new gateway")), x_of(world.gateway)
    yield _case("a roster entry by a key that still verifies", gateway=[new, old])
    yield _case("a roster entry by a key that no longer verifies", "unknown-key", gateway=[new])


def _endorsements(world: World) -> Iterator[Case]:
    root, now = x_of(world.company), world.now
    good = world.endorsement_jws()
    yield _case("an endorsed worker", roster=world.roster_jws(endorsement=good), company=root)
    yield _case("an endorsed worker, and nobody asked", roster=world.roster_jws(endorsement=good))
    longest = world.endorsement_jws(not_after=now + ENDORSEMENT_SECONDS)
    yield _case("an endorsement for 90 days", roster=world.roster_jws(endorsement=longest), company=root)
    refused = {
        "no endorsement": None,
        "an endorsement by another root": signing.sign(
            signing.open_introduced(Endorsement, good).statement, signing_key("other")
        ),
        "an endorsement of another worker": world.endorsement_jws(worker=_other_thumbprint()),
        "an endorsement that is over": world.endorsement_jws(not_after=now),
        "an endorsement from the future": world.endorsement_jws(issued_at=now + 61),
        "an endorsement for more than 90 days": world.endorsement_jws(not_after=now + ENDORSEMENT_SECONDS + 1),
    }
    for name, endorsement in refused.items():
        yield _case(name, "not-endorsed", roster=world.roster_jws(endorsement=endorsement), company=root)
    head, payload, signature = good.split(".")
    altered = f"{head}.{payload}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
    yield _case("an altered endorsement", "bad-signature", roster=world.roster_jws(endorsement=altered), company=root)
    token = world.token_jws()
    yield _case(
        "a token in place of an endorsement",
        "bad-header",
        roster=world.roster_jws(endorsement=token),
        company=root,
    )
    yield {
        **volunteer_claim("worker", 1, endorsement=good),
        "name": "an endorsed volunteer",
        "gateway": [x_of(world.gateway)],
        "policy": proofs.policy(),
        "company": root,
        "now": now,
        "expect": "not-endorsed",
    }


def _other_thumbprint() -> str:
    return signing.thumbprint(signing_key("other").public_key())


def _quotes(world: World) -> Iterator[Case]:
    offer = canonical.encode(world.offer(pool="attested"))
    mine = bytes.fromhex(digest(offer))

    def quoted(name: str, expect: str, about: bytes, *, software: str = SOFTWARE, **edits: Any) -> Case:
        quote = signed(attest(quote_binding(world.hpke().public, about), software))
        roster = world.roster_jws(pool="attested", attestation=edits.pop("attestation", attestation_key()))
        named = {"offer": digest(offer), "roster": digest(roster.encode()), "quote": quote}
        return _case(name, expect, offer=offer.decode(), roster=roster, claim=world.claim_jws(**(named | edits)))

    yield quoted("an attested worker", "accept", mine)
    yield quoted("an attested worker without a quote", "quote-invalid", mine, quote=None)
    yield quoted("an attested worker without an attestation key", "quote-invalid", mine, attestation=None)
    yield quoted("a quote for another offer", "quote-invalid", seed("another offer"))
    yield quoted("a quote of another program", "quote-invalid", mine, software=digest(b"another program"))


def volunteer_claim(worker: str, lot: int, *, endorsement: str | None = None, **edits: Any) -> Case:
    """What the stream says of one of three volunteers; ``edits`` are of the offer, and ``hpke`` names another key."""
    hpke = edits.pop("hpke", "hpke" if worker == "worker" else f"hpke of {worker}")
    world = World(worker=signing_key(worker), hpke_seed=seed(hpke))
    offer = canonical.encode(world.offer(**({"pool": "volunteer", "lot": lot, "lots": 3} | edits)))
    roster = world.roster_jws(pool="volunteer", endorsement=endorsement)
    return {
        "offer": offer.decode(),
        "roster": roster,
        "proof": proofs.proof_of(roster_entry(roster)),
        "claim": world.claim_jws(offer=digest(offer), roster=digest(roster.encode())),
    }


def choose_cases() -> Iterator[Case]:
    """Good claims, each by itself; whether the browser may choose among them."""
    one, two, three = (volunteer_claim(worker, lot) for lot, worker in enumerate(("worker", "worker 2", "worker 3"), 1))
    company = {field: _case("")[field] for field in one}
    cases: dict[str, tuple[list[Case], int, str]] = {
        "three volunteers": ([one, two, three], 3, "accept"),
        "three volunteers in another order": ([three, one, two], 3, "accept"),
        "one worker of a company": ([company], 1, "accept"),
        "nobody": ([], 1, "too-few-claims"),
        "two volunteers": ([one, two], 3, "too-few-claims"),
        "the same volunteer twice": (
            [one, two, volunteer_claim("worker", 3, hpke="another hpke")],
            3,
            "too-few-claims",
        ),
        "the same claim twice": ([one, two, one], 3, "too-few-claims"),
        "two volunteers with one key": (
            [one, two, volunteer_claim("worker 3", 3, hpke="hpke")],
            3,
            "claim-mismatch",
        ),
        "three volunteers, one of them twice": ([one, two, three, one], 3, "claim-mismatch"),
        "four volunteers": ([one, two, three, volunteer_claim("worker 4", 3)], 3, "claim-mismatch"),
        "volunteers for different jobs": (
            [one, two, volunteer_claim("worker 3", 3, offer_id="44" * 16)],
            3,
            "claim-mismatch",
        ),
        "volunteers for different tokens": (
            [one, two, volunteer_claim("worker 3", 3, token=digest(b"another token"))],
            3,
            "claim-mismatch",
        ),
        "volunteers and a company": ([two, three, company], 3, "claim-mismatch"),
        "one volunteer in a pool of one lot": ([volunteer_claim("worker", 1, lots=1)], 1, "claim-mismatch"),
    }
    shared = {"gateway": [x_of(World().gateway)], "policy": proofs.policy(), "now": World().now}
    for name, (claims, lots, expect) in cases.items():
        yield {"name": name, "claims": claims, "lots": lots, **shared, "expect": expect}
