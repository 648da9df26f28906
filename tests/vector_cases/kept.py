"""Cases about what a person keeps: the receipt, the consent file, the receipt file."""

from collections.abc import Iterator
from typing import Any

import msgspec

from schemas import canonical, signing
from schemas.attestation import quote_binding
from schemas.consent import consent_leaf
from schemas.consent_file import ConsentFile
from schemas.erasure import erasure_leaf
from schemas.log_leaf import commitment, roster_entry
from schemas.pools import PROMISES
from schemas.receipt_file import ReceiptFile
from schemas.scalars import digest, to_b64u
from tests.quotes import attest, attestation_key, signed
from tests.statements import NOW, SOFTWARE, World, seed, signing_key
from tests.vector_cases import proofs
from tests.vector_cases.claims import x_of

Case = dict[str, Any]
A_YEAR = 365 * 24 * 3600


def erasure_cases() -> Iterator[Case]:
    """Receipts and their proofs at the browser."""
    world = World()
    receipt = world.receipt()
    good = world.receipt_jws()

    def case(name: str, expect: str, jws: str = good, *, proof: str | None = None, **edits: Any) -> Case:
        salt = seed("receipt salt")
        shared: Case = {
            "worker": x_of(world.worker),
            "offer": receipt.offer,
            "claim": receipt.claim,
            "result": receipt.result,
            "proof": proofs.proof_of(commitment("erasure", salt, jws)) if proof is None else proof,
            "policy": proofs.policy(),
            "now": NOW,
        }
        return {"name": name, "jws": jws, **shared, **edits, "expect": expect}

    failed = world.receipt_jws(result=None, images=0, exit_kind="killed", opened_at=None)
    yield case("a receipt", "accept")
    yield case("a receipt without image", "accept", failed, result=None)
    yield case("a receipt of a job that was withdrawn", "accept", world.receipt_jws(exit_kind="revoked"))
    yield case("another result", "receipt-mismatch", result=digest(b"x"))
    yield case("another offer", "receipt-mismatch", world.receipt_jws(offer=digest(b"x")))
    yield case("another claim", "receipt-mismatch", world.receipt_jws(claim=digest(b"x")))
    yield case("another worker in it", "receipt-mismatch", world.receipt_jws(worker=thumbprint_of_other()))
    yield case("by another worker", "unknown-key", signing.sign(receipt, signing_key("other")))
    yield case("a short salt", "bad-field", world.receipt_jws(salt=to_b64u(bytes(31))))
    leaf = erasure_leaf(receipt, good)
    for name, (proof, expect) in {**proofs.bad_proofs(leaf), **proofs.timed_proofs(leaf)}.items():
        yield case(f"a receipt {name}", expect, proof=proof)
    salted = proofs.proof_of(commitment("erasure", seed("another salt"), good))
    yield case("a receipt with another salt", "proof-invalid", proof=salted)
    old = proofs.proof_at(leaf, NOW - A_YEAR)
    yield case("a receipt in a log seen a year ago, whenever that was", "accept", proof=old, now=None)


def thumbprint_of_other() -> str:
    """The thumbprint of a worker that is not in the world."""
    return signing.thumbprint(signing_key("other").public_key())


def consent_file_of(world: World, **edits: Any) -> ConsentFile:
    """What the person of ``world`` keeps of the consent."""
    token = world.token_jws()
    base = ConsentFile(
        gateway_keys=[signing.jwk_of(world.gateway.public_key())],
        policy=proofs.policy(),
        notice="a notice",
        promise=PROMISES["company"],
        grant=world.grant_jws(),
        token=token,
        salt=to_b64u(seed("salt")),
        proof=proofs.proof_of(consent_leaf(world.grant(), token)),
    )
    return msgspec.structs.replace(base, **edits)


def receipt_file_of(world: World, *, consent: ConsentFile | None = None, **edits: Any) -> ReceiptFile:
    """What the person of ``world`` keeps of the job. Whatever is edited stands in the log as it is."""
    statements: dict[str, Any] = {
        "offer": canonical.encode(world.offer()).decode(),
        "roster": world.roster_jws(),
        "claim": world.claim_jws(),
        "disclosure": world.disclosure_jws(),
        "receipt": world.receipt_jws(),
    } | edits
    logged = {
        "roster_proof": proofs.proof_of(roster_entry(statements["roster"])),
        "receipt_proof": proofs.proof_of(commitment("erasure", seed("receipt salt"), statements["receipt"])),
    }
    return ReceiptFile(consent=consent or consent_file_of(world), **(logged | statements))


def consent_file_cases() -> Iterator[Case]:
    """Consent files, judged without a clock."""
    world = World()
    leaf = consent_leaf(world.grant(), world.token_jws())
    jwk, new = signing.jwk_of(world.gateway.public_key()), signing.jwk_of(signing_key("new gateway").public_key())
    thief = World(browser=signing_key("thief"))
    another = world.token_jws(max_images=1)
    edits: dict[str, tuple[str, dict[str, Any]]] = {
        "a consent file": ("accept", {}),
        "a file by a key that still verified": ("accept", {"gateway_keys": [new, jwk]}),
        "a file whose log was seen a year ago": ("accept", {"proof": proofs.proof_at(leaf, NOW - A_YEAR)}),
        "a key that no longer verified": ("unknown-key", {"gateway_keys": [new]}),
        "a key that is none": ("bad-field", {"gateway_keys": [signing.Jwk(crv="Ed25519", kty="OKP", x="AAAA")]}),
        "another notice": ("notice-outdated", {"notice": "another notice"}),
        "the promise of another pool": ("notice-outdated", {"promise": PROMISES["attested"]}),
        "a consent by somebody else": ("wrong-holder", {"grant": thief.grant_jws()}),
        "a consent to less": ("grant-mismatch", {"grant": world.grant_jws(max_images=1)}),
        "another salt": ("grant-mismatch", {"salt": to_b64u(seed("another salt"))}),
        "a short salt": ("bad-field", {"salt": to_b64u(seed("salt")[:31])}),
        "another token for the same consent": ("proof-invalid", {"token": another}),
        "a policy that is none": ("policy-invalid", {"policy": ""}),
        **{f"a consent {name}": (code, {"proof": proof}) for name, (proof, code) in proofs.bad_proofs(leaf).items()},
    }
    for name, (expect, edit) in edits.items():
        file = canonical.encode(consent_file_of(world, **edit)).decode()
        yield {"name": name, "file": file, "expect": expect}
    good = canonical.encode(consent_file_of(world)).decode()
    yield {"name": "a newline at the end", "file": good + "\n", "expect": "not-canonical"}
    yield {"name": "an unknown field", "file": good.replace('"notice"', '"note":"","notice"'), "expect": "bad-field"}


def receipt_file_cases() -> Iterator[Case]:
    """Receipt files, judged without a clock."""
    world = World()
    yield _file("a receipt file", "accept", receipt_file_of(world))
    unused = world.receipt_jws(opened_at=None, exit_kind="unused", images=0, result=None)
    yield _file("a job that opened nothing", "accept", receipt_file_of(world, receipt=unused))
    yield _file("an attested worker", "accept", _attested(world))
    yield _file("an attested worker without a quote", "quote-invalid", _attested(world, quote=None))
    yield from _of_the_consent(world)
    for name, (expect, edit) in (_of_the_job(world) | _of_the_receipt(world)).items():
        yield _file(name, expect, receipt_file_of(world, **edit))
    good = canonical.encode(receipt_file_of(world)).decode()
    yield {"name": "a space", "file": good.replace(",", ", ", 1), "expect": "not-canonical"}


def _file(name: str, expect: str, file: ReceiptFile) -> Case:
    return {"name": name, "file": canonical.encode(file).decode(), "expect": expect}


def _attested(world: World, **edits: Any) -> ReceiptFile:
    """A whole job in the pool ``attested``; ``edits`` are of the claim."""
    grant = world.grant_jws(pool="attested")
    token = world.token_jws(grant_jws=grant, aud="attested")
    proof = proofs.proof_of(consent_leaf(world.grant(pool="attested"), token))
    consent = consent_file_of(world, promise=PROMISES["attested"], grant=grant, token=token, proof=proof)
    offer = canonical.encode(world.offer(token=digest(token.encode()), pool="attested"))
    roster = world.roster_jws(pool="attested", attestation=attestation_key())
    quote = signed(attest(quote_binding(world.hpke().public, bytes.fromhex(digest(offer))), SOFTWARE))
    said = {"offer": digest(offer), "roster": digest(roster.encode()), "quote": quote} | edits
    claim = world.claim_jws(**said)
    about = {"offer": digest(offer), "claim": digest(claim.encode())}
    return receipt_file_of(
        world,
        consent=consent,
        offer=offer.decode(),
        roster=roster,
        claim=claim,
        disclosure=world.disclosure_jws(token=digest(token.encode()), **about),
        receipt=world.receipt_jws(**about),
    )


def _of_the_consent(world: World) -> Iterator[Case]:
    edits: dict[str, tuple[str, dict[str, Any]]] = {
        "another gateway": ("unknown-key", {"gateway_keys": [signing.jwk_of(world.worker.public_key())]}),
        "a consent by somebody else": ("wrong-holder", {"grant": World(browser=signing_key("thief")).grant_jws()}),
        "a consent that is not in the log": ("proof-invalid", {"proof": proofs.proof_of(b"something else")}),
    }
    for name, (expect, edit) in edits.items():
        yield _file(name, expect, receipt_file_of(world, consent=consent_file_of(world, **edit)))


def _of_the_job(world: World) -> dict[str, tuple[str, dict[str, Any]]]:
    thief = World(browser=signing_key("thief"))
    offer = canonical.encode(world.offer()).decode()
    elsewhere = canonical.encode(world.offer(region="elsewhere")).decode()
    other_token = canonical.encode(world.offer(token="0" * 64)).decode()
    return {
        "a token that was over": ("token-expired", {"disclosure": world.disclosure_jws(issued_at=NOW + 900)}),
        "an offer for another region": ("token-expired", {"offer": elsewhere}),
        "an offer under another token": ("token-expired", {"offer": other_token}),
        "an offer with a space in it": ("not-canonical", {"offer": offer.replace(":1,", ": 1,", 1)}),
        "a roster entry by the worker": ("unknown-key", {"roster": signing.sign(world.roster(), world.worker)}),
        "a roster entry that was over": ("claim-mismatch", {"roster": world.roster_jws(not_after=NOW)}),
        "a roster entry that is not in the log": (
            "proof-invalid",
            {"roster_proof": proofs.proof_of(b"something else")},
        ),
        "a claim of another offer": ("claim-mismatch", {"claim": world.claim_jws(offer="0" * 64)}),
        "a claim by another worker": ("unknown-key", {"claim": signing.sign(world.claim(), signing_key("spy"))}),
        "a disclosure under another token": ("claim-mismatch", {"disclosure": world.disclosure_jws(token="0" * 64)}),
        "a disclosure for another offer": ("claim-mismatch", {"disclosure": world.disclosure_jws(offer="0" * 64)}),
        "a disclosure to another claim": ("claim-mismatch", {"disclosure": world.disclosure_jws(claim="0" * 64)}),
        "a disclosure too many": ("claim-mismatch", {"disclosure": world.disclosure_jws(n=2)}),
        "an image too many": ("claim-mismatch", {"disclosure": world.disclosure_jws(images=3)}),
        "a disclosure by a thief": ("wrong-holder", {"disclosure": thief.disclosure_jws()}),
    }


def _of_the_receipt(world: World) -> dict[str, tuple[str, dict[str, Any]]]:
    def edited(**edits: Any) -> tuple[str, dict[str, Any]]:
        return "receipt-mismatch", {"receipt": world.receipt_jws(**edits)}

    return {
        "a receipt for another offer": edited(offer="0" * 64),
        "a receipt for another claim": edited(claim="0" * 64),
        "a receipt that names another worker": edited(worker=thumbprint_of_other()),
        "a receipt for another key": edited(hpke_key="0" * 64),
        "a receipt for another program": edited(software="0" * 64),
        "a receipt for another bundle": edited(bundle="0" * 64),
        "a receipt that ends first": edited(exited_at=NOW - 100),
        "a receipt by somebody else": ("unknown-key", {"receipt": signing.sign(world.receipt(), world.gateway)}),
        "a receipt that is not in the log": ("proof-invalid", {"receipt_proof": proofs.proof_of(b"something else")}),
        "the roster entry's proof for the receipt": (
            "proof-invalid",
            {"receipt_proof": proofs.proof_of(roster_entry(world.roster_jws()))},
        ),
    }
