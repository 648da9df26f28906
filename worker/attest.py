"""The machine's TPM, by way of tpm2-tools: a key that signs quotes, and register 23 with the program's digest in it.

What that shows and what it does not: schemas/spec/attestation.md. No shell takes part; what the tools write goes to one
private folder and is public (a key's public half, quotes) or sealed by the TPM itself (its saved key).
"""

import asyncio
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from schemas.attestation import AttestationKey, Quote, check_quote
from schemas.errors import QuoteInvalid, SettingInvalid
from schemas.scalars import to_b64u

TOOL_SECONDS: Final = 10
"""Slow TPMs take some seconds to make a key; one that takes longer does not answer."""
KEY_ATTRIBUTES: Final = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|sign"
"""Made by this TPM and never outside it; signs only what the TPM itself wrote; a password guessed wrongly elsewhere
does not lock it."""
REGISTER: Final = "23"
ENVIRONMENT: Final = {"LANG": "C.UTF-8", "TSS2_LOG": "all+none,tcti+error"}
"""The tools' libraries speak only of the way to the TPM; what the TPM refused, the tools say themselves."""

_KEY, _PUBLIC, _MESSAGE, _SIGNATURE = "key.context", "key.pem", "quote.message", "quote.signature"


class Tpm:
    """One TPM. In this order: ``make_key``, ``measure``, then any number of ``quote``."""

    def __init__(self, tcti: str, folder: Path) -> None:
        """``tcti``: where the TPM is, as tpm2-tools write it; ``folder``: this program's own, for nobody else."""
        self._tcti = tcti
        self._folder = folder
        self._turn = asyncio.Lock()
        self._key: AttestationKey | None = None
        self._software = ""

    async def make_key(self) -> AttestationKey:
        """The key that will sign quotes.

        It is a primary key of the owner's hierarchy: the TPM derives it from a seed of its own, so that it is the same
        one after a restart, until somebody clears the TPM. The TPM keeps nothing of it; the folder holds it encrypted
        by the TPM, for this TPM.

        Raises:
            SettingInvalid: there is no TPM at ``LIKENESS_TPM``, or it cannot make such a key.
        """
        async with self._turn:
            with _told_of_the_setting():
                self._key = await self._make_key()
        return self._key

    async def measure(self, software: str) -> None:
        """Register 23 holds ``software`` (a digest as hex) and nothing else, and one quote was made to see that.

        Raises:
            SettingInvalid: the TPM does not let this program reset the register, or its quote is not as it should be.
        """
        self._software = software
        async with self._turn:
            with _told_of_the_setting():
                await self._extend()
                await self._quote(bytes(32))

    async def quote(self, binding: bytes) -> Quote:
        """A quote about ``binding`` (32 bytes) that passes ``check_quote``.

        When another program has changed the register since, it is measured again, once.

        Raises:
            QuoteInvalid: the TPM gave none.
        """
        async with self._turn:
            try:
                return await self._quote(binding)
            except QuoteInvalid:
                await self._extend()
                return await self._quote(binding)

    async def _make_key(self) -> AttestationKey:
        await self._run("flushcontext", "--transient-object")
        await self._run(
            *("createprimary", "--hierarchy", "o", "--hash-algorithm", "sha256"),
            *("--key-algorithm", "ecc256:ecdsa-sha256:null", "--attributes", KEY_ATTRIBUTES),
            *("--key-context", _KEY, "--format", "pem", "--output", _PUBLIC),
        )
        return AttestationKey(key=to_b64u(_point((self._folder / _PUBLIC).read_bytes())), root="test-tpm")

    async def _extend(self) -> None:
        await self._run("pcrreset", REGISTER)
        await self._run("pcrextend", f"{REGISTER}:sha256={self._software}")

    async def _quote(self, binding: bytes) -> Quote:
        if self._key is None:
            raise QuoteInvalid("no attestation key was made")
        # A TPM without a resource manager keeps a loaded key until it is told otherwise, and has room for three.
        await self._run("flushcontext", "--transient-object")
        await self._run(
            *("quote", "--key-context", _KEY, "--pcr-list", f"sha256:{REGISTER}", "--qualification", binding.hex()),
            *("--hash-algorithm", "sha256", "--message", _MESSAGE, "--signature", _SIGNATURE, "--format", "plain"),
        )
        made = Quote(
            message=to_b64u((self._folder / _MESSAGE).read_bytes()),
            signature=to_b64u(_r_and_s((self._folder / _SIGNATURE).read_bytes())),
        )
        check_quote(made, self._key, binding=binding, software=self._software)
        return made

    async def _run(self, *words: str) -> None:
        """One command of tpm2-tools, in the folder.

        Raises:
            QuoteInvalid: it is not installed, was refused or did not end in time.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                *("tpm2", *words),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                cwd=self._folder,
                env={"PATH": os.environ.get("PATH", os.defpath), "TPM2TOOLS_TCTI": self._tcti, **ENVIRONMENT},
            )
        except FileNotFoundError:
            raise QuoteInvalid("tpm2-tools are missing; Debian's package has that name") from None
        try:
            async with asyncio.timeout(TOOL_SECONDS):
                _, said = await process.communicate()
        except TimeoutError:
            raise QuoteInvalid(f"the TPM did not answer within {TOOL_SECONDS} seconds (tpm2 {words[0]})") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            raise QuoteInvalid(f"tpm2 {words[0]}: {_reason(said)}")


@contextmanager
def _told_of_the_setting() -> Iterator[None]:
    """At the start it is the operator who can act; later it is one claim that fails."""
    try:
        yield
    except QuoteInvalid as error:
        raise SettingInvalid(f"LIKENESS_TPM: {error.detail} (worker/README.md, Attestation)") from None


def _reason(said: bytes) -> str:
    """The first thing that went wrong, in the tool's words; the rest of its output comes of it."""
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.startswith("ERROR")]
    # In front of the words may stand where in the tool's source they were written.
    return re.sub(r"^ERROR:(\S+\(\))?\s*", "", lines[0])[:200].strip() if lines else "failed without a word"


def _point(pem: bytes) -> bytes:
    key = load_pem_public_key(pem)
    assert isinstance(key, ec.EllipticCurvePublicKey)  # it was asked for no other kind
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _r_and_s(der: bytes) -> bytes:
    r, s = decode_dss_signature(der)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")
