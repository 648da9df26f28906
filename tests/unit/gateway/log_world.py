"""A log and its witnesses in memory: fixed keys, a clock that a test turns, and a transport that a test can cut."""

import asyncio
import http.client
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx

from gateway.http_client import Answer
from gateway.witness import Witness as WitnessProgram
from gateway.witness_app import create_witness_app
from gateway.witness_state import WitnessState
from schemas.checkpoint import Checkpoint, write_checkpoint
from schemas.log_policy import Group, Policy, Witness
from schemas.merkle import leaf_hash
from schemas.note import SignatureKind, VerifierKey, sign_note
from tests.statements import signing_key
from tests.unit.gateway import naive_tree
from tests.unit.gateway.doors import Clock

ORIGIN = "log.example/1"
LOG_KEY = signing_key("log")
LOG = VerifierKey(name=ORIGIN, kind=SignatureKind.ED25519, key=LOG_KEY.public_key())


def signed(size: int, root: bytes, *, origin: str = ORIGIN, key: str = "log") -> str:
    """A checkpoint with its log's signature."""
    text = write_checkpoint(Checkpoint(origin=origin, size=size, root=root))
    return f"{text}\n{sign_note(text, origin, signing_key(key))}"


@dataclass
class Tree:
    """A log's entries, and all that follows from them by the naive definitions."""

    leaves: list[bytes] = field(default_factory=list)

    def grow(self, count: int, name: str = "entry") -> None:
        """So many more."""
        start = len(self.leaves)
        self.leaves += [leaf_hash(f"{name} {number}".encode()) for number in range(start, start + count)]

    def checkpoint(self, size: int | None = None) -> str:
        """The signed checkpoint of the first ``size`` entries."""
        leaves = self.leaves[:size]
        return signed(len(leaves), naive_tree.root(leaves))

    def consistency(self, old: int, new: int) -> list[bytes]:
        """From one size to another."""
        return naive_tree.proof(old, self.leaves[:new]) if old else []


def witness(folder: Path, name: str = "north", clock: Callable[[], int] | None = None) -> WitnessProgram:
    """A witness of the log."""
    return WitnessProgram(
        name=f"witness.example/{name}",
        key=signing_key(name),
        logs={ORIGIN: (LOG,)},
        state=WitnessState(folder / f"{name}.sqlite", clock or Clock()),
    )


def policy(*names: str, quorum: int) -> Policy:
    """A policy in which ``quorum`` of the witnesses ``names`` are enough; 0 asks for none."""
    keys = {name: signing_key(name).public_key() for name in names}
    witnesses = {
        name: Witness(
            key=VerifierKey(name=f"witness.example/{name}", kind=SignatureKind.COSIGNATURE, key=key),
            url=f"http://{name}.example",
        )
        for name, key in keys.items()
    }
    groups = {"enough": Group(threshold=quorum, members=names)} if quorum else {}
    return Policy(log=LOG, witnesses=witnesses, groups=groups, quorum="enough" if quorum else "none")


@dataclass
class Wire:
    """Reaches witness applications without a network, from any thread; what is cut cannot be reached."""

    witnesses: dict[str, WitnessProgram]
    cut: set[str] = field(default_factory=set)
    instead: dict[str, Callable[[bytes], Answer]] = field(default_factory=dict)
    """By name, what answers in place of the witness."""
    asked: list[str] = field(default_factory=list)
    making: threading.Lock = field(default_factory=threading.Lock)

    def post(self, url: str, body: bytes) -> Answer:
        """The answer of the application at ``url``."""
        address = httpx.URL(url)
        name = address.host.partition(".")[0]
        self.asked.append(name)
        if name in self.cut:
            raise http.client.RemoteDisconnected("cut")
        if name in self.instead:
            return self.instead[name](body)
        return asyncio.run(self._ask(name, address, body))

    def close(self) -> None:
        """Nothing is kept open."""

    async def _ask(self, name: str, url: httpx.URL, body: bytes) -> Answer:
        with self.making:  # the framework imports parts of itself when an application is made
            app = create_witness_app(self.witnesses[name])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(cast("Any", app))) as client:
            answer = await client.post(url, content=body)
        return Answer(status=answer.status_code, body=answer.content)
