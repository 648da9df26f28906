"""A whole gateway as ``python -m gateway`` builds it, with witnesses, NATS and scripted workers, and a seam to edit."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import nats as nats_client
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway import __main__ as gateway_program
from gateway import keys
from gateway.door import Door
from gateway.log_keeper import LogKeeper
from schemas import canonical, embedding, sealing, signing
from schemas.attestation import Quote
from schemas.errors import LikenessError
from schemas.frames import FrameKind
from schemas.job import Offer
from schemas.log_leaf import roster_entry
from schemas.scalars import to_b64u
from schemas.worker_key import RosterEntry
from tests import world
from tests.attacks.actors import Actor, Wiretap, claim_by, portraits
from tests.attacks.seam import JOBS, Remade, Seam, Statements, written
from tests.client import Job, Outcome, Person
from tests.log_world import LogWorld
from tests.quotes import attestation_key
from tests.statements import example_record, seed, signing_key
from tests.unit.gateway.parts import SOFTWARE, working, write_manifest
from tests.whole import witnessed, write_key

RECORD = embedding.encode(example_record())
STYLE = "studio"


@dataclass
class Stage:
    """A running gateway, and what an attacker who runs it has."""

    address: str
    replica: str
    """The address of a second gateway with the same key, on the same NATS."""
    nats_url: str
    state: Path
    policy: str
    seam: Seam
    door: Door
    keeper: LogKeeper
    actors: dict[str, list[Actor]]
    """By pool."""

    @property
    def log_key(self) -> Ed25519PrivateKey:
        """The log's key, which the gateway has."""
        return keys.load(self.state / "log.key")

    def witness_key(self, number: int) -> Ed25519PrivateKey:
        """The key of that witness, which the gateway has not unless the witness is evil too."""
        return keys.load(self.state / f"witness{number}" / "witness.key")

    def other_log(self, *entries: bytes, now: int | None = None) -> LogWorld:
        """Another log under the real one's name and keys, with these entries."""
        witnesses = {f"witness.example/{i}": self.witness_key(i) for i in range(2)}
        return LogWorld(list(entries), int(time.time()) if now is None else now, self.log_key, witnesses)

    @asynccontextmanager
    async def visit(self, *, pool: str = "company", is_open: bool = False, **person: Any) -> AsyncIterator["Visit"]:
        """A person who has consented; unless ``is_open``, a sealed byte that leaves them is an error at once."""
        posts: list[str] = []

        async def note(request: httpx.Request) -> None:
            posts.append(request.url.path)
            assert is_open or not request.url.path.endswith("/disclosures"), "sealed bytes left the person"

        hooks = {"request": [note]}
        async with httpx.AsyncClient(base_url=self.address, timeout=30, trust_env=False, event_hooks=hooks) as http:
            visit = Visit(Person(http, policy_text=self.policy, **person), posts)
            yield visit

    @asynccontextmanager
    async def tapped(self) -> AsyncIterator[Wiretap]:
        """Everything on the bus, read by the operator."""
        client = await nats_client.connect(self.nats_url)
        try:
            tap = Wiretap(client)
            await tap.listen()
            yield tap
        finally:
            await client.close()


@dataclass
class Visit:
    """A person, and where all their requests went."""

    person: Person
    posts: list[str]
    disclosed: int = 0
    """How many jobs went well before: the token counts them."""

    @property
    def sealed_posts(self) -> list[str]:
        """Requests with sealed bytes in them."""
        return [path for path in self.posts if path.endswith("/disclosures")]

    async def consent(self, **edits: Any) -> None:
        """Agree, and believe the answer."""
        assert (await self.person.consent(**edits)).status_code == 201

    async def job(self, *, images: int = 1, kind: type[Job] = Job) -> Job:
        """A job that has not begun."""
        facts = await self.person.facts()
        keys = tuple(map(signing.key_of, facts.keys))
        return kind(self.person, keys, RECORD, STYLE, 1, images, n=self.disclosed + 1)

    async def draw(self, *, images: int = 1) -> Outcome:
        """A whole job."""
        outcome = await (await self.job(images=images)).run()
        self.disclosed += 1
        return outcome

    async def refused(self, *, images: int = 1) -> str:
        """The code by which the person ends the job, before anything was sealed."""
        job = await self.job(images=images)
        with pytest.raises(LikenessError) as refusal:
            await job.run()
        assert JOBS in self.posts, "the job was asked for"
        assert self.sealed_posts == []
        assert job.outcome.images == []
        return refusal.value.code

    async def spoiled(self, *, images: int = 1) -> str:
        """The code by which the person ends a job that was disclosed, without an image."""
        job = await self.job(images=images)
        with pytest.raises(LikenessError) as refusal:
            await job.run()
        assert len(self.sealed_posts) == 1
        assert (job.outcome.images, job.outcome.ended) == ([], False)
        return refusal.value.code


@dataclass
class Impostor:
    """A worker of the gateway's own, slipped into a stream: all about it is in order but for the edits."""

    stage: Stage
    name: str = "impostor"
    offer: Mapping[str, Any] = field(default_factory=dict)
    roster: Mapping[str, Any] = field(default_factory=dict)
    claim: Mapping[str, Any] = field(default_factory=dict)
    is_logged: bool = True
    quote: Callable[[bytes], Quote] | None = None
    """What its TPM says about a binding."""
    hpke: bytes = b""
    signs: Ed25519PrivateKey | None = None
    """Signs the roster entry instead of the gateway."""

    @property
    def key(self) -> Ed25519PrivateKey:
        """Its identity."""
        return signing_key(self.name)

    def entry(self, offer: Offer) -> RosterEntry:
        """Its listing."""
        now, public = int(time.time()), self.key.public_key()
        base = RosterEntry(
            worker=signing.thumbprint(public),
            key=to_b64u(public.public_bytes_raw()),
            pool=offer.pool,
            region=offer.region,
            operator="Example Ltd",
            software=SOFTWARE,
            bundles=[offer.bundle],
            endorsement=None,
            attestation=attestation_key() if offer.pool == "attested" else None,
            enrolled_at=now,
            not_after=now + 3600,
        )
        return msgspec.structs.replace(base, **self.roster)

    async def statements(self, honest: bytes, proof: bytes) -> bytes:
        """Its four frames about the offer ``honest``; where it is not logged, the proof of another entry."""
        offer = msgspec.structs.replace(canonical.decode(Offer, honest), **self.offer)
        offer_raw = canonical.encode(offer)
        roster = signing.sign(self.entry(offer), self.signs or self.stage.door.key)
        if self.is_logged:
            proof = (await self.stage.keeper.append(roster_entry(roster))).encode()
        hpke = self.hpke or sealing.worker_key(seed(self.name)).public
        claim = claim_by(self.key, hpke, offer_raw, roster, quote=self.quote, **self.claim)
        return written(
            {
                FrameKind.OFFER: offer_raw,
                FrameKind.ROSTER: roster.encode(),
                FrameKind.PROOF: proof,
                FrameKind.CLAIM: claim.encode(),
            }
        )


def slipped(*impostors: Impostor) -> Remade:
    """An edit: the first claims of a stream are those of ``impostors``, in their order."""

    async def change(said: Statements, number: int) -> bytes:
        if number >= len(impostors):
            return written(said)
        return await impostors[number].statements(said[FrameKind.OFFER], said[FrameKind.PROOF])

    return Remade(change)


@asynccontextmanager
async def idle(actor: Actor) -> AsyncIterator[None]:
    """While this is open ``actor`` takes no offer."""
    async with actor.resting:
        yield


@asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[Stage]:
    """A stage below ``folder``: a worker of the pool company, three volunteers, one attested."""
    bundle = write_manifest(folder / "bundle")
    cast = [Actor("", bundle, script=portraits, pool=pool) for pool in ("company", *("volunteer",) * 3, "attested")]
    cast[-1].attestation = attestation_key()
    state, second = folder / "state", folder / "second"
    for each in (state, second):
        each.mkdir(mode=0o700)
    write_key(state / "gateway.key")
    shutil.copy(state / "gateway.key", second)
    async with AsyncExitStack() as opened:
        nats = opened.enter_context(world.nats_server(folder / "nats"))
        policy = await opened.enter_async_context(witnessed(state, 2))
        chosen: dict[str, Any] = {
            "bundles": (folder / "bundle",),
            "workers": tuple(actor.thumbprint for actor in cast),
            "pools": ("company", "volunteer", "attested"),
            "consents_per_minute": 100_000,
        }
        app = gateway_program.build(world.settings(folder, nats, **chosen))
        replica = gateway_program.build(world.settings(folder, nats, **chosen, state=second))
        seam = Seam()
        address = await opened.enter_async_context(world.listening(seam.around(app)))
        other = await opened.enter_async_context(world.listening(replica))
        await _until_ready(address, other)
        for actor in cast:
            actor.url = nats.url
            await opened.enter_async_context(working(actor))
        actors = {pool: [actor for actor in cast if actor.pool == pool] for pool in chosen["pools"]}
        door, keeper = (app.dependencies[name].dependency() for name in ("door", "log"))  # type: ignore[union-attr]
        yield Stage(address, other, nats.url, state, policy, seam, door, keeper, actors)


async def _until_ready(*addresses: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as http, asyncio.timeout(30):
        for address in addresses:
            while (await http.get(f"{address}/healthz")).status_code != httpx.codes.OK:  # noqa: ASYNC110 - asked as anybody would
                await asyncio.sleep(0.02)
