"""Cases about who agreed to what: consent, claim, job, receipt."""

from collections.abc import Iterator
from typing import Any

from schemas import canonical, signing
from schemas.job import Disclosure, JobRequest
from schemas.scalars import digest, to_b64u
from tests.statements import NOTICE, World, signing_key

Case = dict[str, Any]


def consent_cases() -> Iterator[Case]:
    """Grants at a gateway (``open_grant``) and tokens for a grant at a worker (``token_for_grant``)."""
    world = World()
    now = world.now
    grants = {
        "a fresh grant": (world.grant_jws(), now, NOTICE, "accept"),
        "another notice": (world.grant_jws(), now, digest(b"other"), "notice-outdated"),
        "six minutes old": (world.grant_jws(), now + 360, NOTICE, "grant-expired"),
        "from the future": (world.grant_jws(), now - 61, NOTICE, "grant-expired"),
        "already over": (world.grant_jws(expires_at=now), now, NOTICE, "grant-expired"),
        "too long": (world.grant_jws(expires_at=now + 901), now, NOTICE, "grant-expired"),
    }
    for name, (jws, at, notice, expect) in grants.items():
        yield {"name": name, "op": "open_grant", "grant": jws, "notice": notice, "now": at, "expect": expect}
    stranger = signing.sign(world.grant(), signing_key("other"), introduce=True)
    tokens = {
        "a token for its grant": (world.token_jws(), world.grant_jws(), now, "accept"),
        "a token that allows less": (world.token_jws(max_images=1, styles=["plain"]), world.grant_jws(), now, "accept"),
        "expired": (world.token_jws(), world.grant_jws(), now + 900, "token-expired"),
        "not yet": (world.token_jws(), world.grant_jws(), now - 61, "token-expired"),
        "another grant": (world.token_jws(), world.grant_jws(nonce="01" * 16), now, "grant-mismatch"),
        "more images": (world.token_jws(max_images=3), world.grant_jws(), now, "grant-mismatch"),
        "more disclosures": (world.token_jws(max_disclosures=2), world.grant_jws(), now, "grant-mismatch"),
        "another style": (world.token_jws(styles=["plain", "zoo"]), world.grant_jws(), now, "grant-mismatch"),
        "another bundle": (world.token_jws(bundle=digest(b"x")), world.grant_jws(), now, "grant-mismatch"),
        "another pool": (world.token_jws(aud="volunteer"), world.grant_jws(), now, "grant-mismatch"),
        "lasts longer": (world.token_jws(exp=now + 901), world.grant_jws(), now, "grant-mismatch"),
        "a grant by somebody else": (world.token_jws(), stranger, now, "wrong-holder"),
        "signed by somebody else": (
            signing.sign(world.token(), signing_key("other")),
            world.grant_jws(),
            now,
            "unknown-key",
        ),
    }
    gateway = to_b64u(world.gateway.public_key().public_bytes_raw())
    for name, (token, grant, at, expect) in tokens.items():
        yield {
            "name": name,
            "op": "token_for_grant",
            "token": token,
            "grant": grant,
            "gateway": gateway,
            "now": at,
            "expect": expect,
        }


def claim_cases() -> Iterator[Case]:
    """Offer, roster entry and claim at the browser."""
    world = World()
    other = digest(b"other")
    offer = canonical.encode(world.offer()).decode()
    longer = world.roster_jws(not_after=world.now + 24 * 3600 + 1)
    cases: dict[str, tuple[str, str, str, int, str]] = {
        "a good claim": (offer, world.roster_jws(), world.claim_jws(), 0, "accept"),
        "another offer": (
            canonical.encode(world.offer(lot=2, lots=2)).decode(),
            world.roster_jws(),
            world.claim_jws(),
            0,
            "claim-mismatch",
        ),
        "another bundle": (offer, world.roster_jws(), world.claim_jws(bundle=other), 0, "claim-mismatch"),
        "another roster entry": (offer, world.roster_jws(), world.claim_jws(roster=other), 0, "claim-mismatch"),
        "a lease that is over": (offer, world.roster_jws(), world.claim_jws(), 30, "claim-mismatch"),
        "a claim from the future": (
            offer,
            world.roster_jws(),
            world.claim_jws(issued_at=world.now + 61),
            0,
            "claim-mismatch",
        ),
        "a roster entry that is over": (
            offer,
            world.roster_jws(not_after=world.now),
            world.claim_jws(),
            0,
            "claim-mismatch",
        ),
        "a roster entry for too long": (offer, longer, world.claim_jws(), 0, "claim-mismatch"),
        "a roster entry by somebody else": (
            offer,
            signing.sign(world.roster(), signing_key("other")),
            world.claim_jws(),
            0,
            "unknown-key",
        ),
        "a claim by somebody else": (
            offer,
            world.roster_jws(),
            signing.sign(world.claim(), signing_key("other")),
            0,
            "unknown-key",
        ),
        "a short key": (offer, world.roster_jws(), world.claim_jws(hpke_key=to_b64u(bytes(1215))), 0, "bad-field"),
    }
    for field in ("pool", "region"):
        value = {"pool": "volunteer", "region": "elsewhere"}[field]
        entry = world.roster_jws(**{field: value})
        claim = world.claim_jws(roster=digest(entry.encode()))
        cases[f"a worker of another {field}"] = (offer, entry, claim, 0, "claim-mismatch")
    gateway = to_b64u(world.gateway.public_key().public_bytes_raw())
    for name, (raw, roster, claim, later, expect) in cases.items():
        yield {
            "name": name,
            "offer": raw,
            "roster": roster,
            "claim": claim,
            "gateway": gateway,
            "now": world.now + later,
            "expect": expect,
        }


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


def erasure_cases() -> Iterator[Case]:
    """Receipts at the browser."""
    world = World()
    receipt = world.receipt()
    shared: Case = {
        "worker": to_b64u(world.worker.public_key().public_bytes_raw()),
        "offer": receipt.offer,
        "claim": receipt.claim,
    }
    failed = world.receipt_jws(result=None, images=0, exit_kind="killed", opened_at=None)
    yield {"name": "a receipt", "jws": world.receipt_jws(), **shared, "result": receipt.result, "expect": "accept"}
    yield {"name": "a receipt without image", "jws": failed, **shared, "result": None, "expect": "accept"}
    yield {
        "name": "another result",
        "jws": world.receipt_jws(),
        **shared,
        "result": digest(b"x"),
        "expect": "receipt-mismatch",
    }
    yield {
        "name": "another offer",
        "jws": world.receipt_jws(offer=digest(b"x")),
        **shared,
        "result": receipt.result,
        "expect": "receipt-mismatch",
    }
    yield {
        "name": "another claim",
        "jws": world.receipt_jws(claim=digest(b"x")),
        **shared,
        "result": receipt.result,
        "expect": "receipt-mismatch",
    }
    yield {
        "name": "by another worker",
        "jws": signing.sign(receipt, signing_key("other")),
        **shared,
        "result": receipt.result,
        "expect": "unknown-key",
    }
