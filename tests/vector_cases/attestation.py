"""Cases about TPM quotes."""

from collections.abc import Iterator
from typing import Any

import msgspec

from schemas.attestation import AttestationKey, Quote, expected_pcr, quote_binding
from schemas.scalars import digest, from_b64u, to_b64u
from schemas.sealing import PUBLIC_KEY_BYTES
from tests.quotes import ORDER, attest, attestation_key, quote_key, quote_of, signed
from tests.statements import SOFTWARE, seed

Case = dict[str, Any]

FILL = 7
"""The key that is bound: this byte, 1216 times."""
OFFER = seed("offer")
BINDING = quote_binding(bytes([FILL]) * PUBLIC_KEY_BYTES, OFFER)

# What a TPM said once: swtpm 0.7.1 through worker/attest.py with tpm2-tools 5.4, about BINDING and SOFTWARE.
RECORDED_KEY = AttestationKey(
    key="BNqHKtihSjUOanYasi7qn3ZE_tKc64Nkh51uAAtBodgx8yVMGLODCfOYcY1NnlM5YnIvwyUwN4MCpiDCFd4J-LU", root="test-tpm"
)
RECORDED = Quote(
    message="_1RDR4AYACIAC4rsz7cypsKuHUboayximzuQWHL_RRcJMFlwczw0IMd1ACBptfY6zsOn6ZyLomzriLOGnQNQMAGbLMOGQrXGk2HZ8gAAAA"
    "AAAABNNiuFnfZNrGcBF-Vys99ZPAgAAAABAAsDAACAACCbmxYmUNgeytps2MP0Rr8uLCPaB4QOQJ61nTHFBVBZKg",
    signature="wtidvv_Shqspbq1brl6nt6OtmtS0vLLf2ZvAy4PwyHGhlZEvUZdZLQPFoal4FMIwKSiiLVycMwuI_jtdUxr8iw",
)


def attestation_cases() -> Iterator[Case]:
    """A worker's key, an offer, a program, and a quote about them: accept or code."""
    yield _case("a quote by a TPM", RECORDED, key=RECORDED_KEY)
    yield _case("its quote for another offer", RECORDED, "quote-invalid", key=RECORDED_KEY, offer=seed("x"))
    yield _case("its quote for another key", RECORDED, "quote-invalid", key=RECORDED_KEY, fill=FILL + 1)
    yield _case("its quote of another program", RECORDED, "quote-invalid", key=RECORDED_KEY, software=digest(b"x"))
    yield _case("its quote under another attestation key", RECORDED, "quote-invalid")
    yield from _signatures()
    yield from _keys()
    accepted = {
        "a quote by a key in software": {},
        "another name of the key": {"signer": bytes.fromhex("0022 000b") + seed("another name")},
        "another clock": {"clock": b"\xff" * 17},
        "another firmware": {"firmware": b"\xff" * 8},
    }
    for name, edits in accepted.items():
        yield _case(name, signed(attest(BINDING, SOFTWARE, **edits)))
    for name, edits in _refused().items():
        yield _case(name, signed(attest(BINDING, SOFTWARE, **edits)), "quote-invalid")


def _refused() -> dict[str, dict[str, bytes]]:
    """Parts that a quote for us does not have; each is signed by the right key."""
    selections = {
        "register 22": "00000001 000b 03 000040",
        "registers 22 and 23": "00000001 000b 03 0000c0",
        "no register": "00000001 000b 03 000000",
        "the bits in the other order": "00000001 000b 03 800000",
        "the SHA-1 bank": "00000001 0004 03 000080",
        "the SHA-384 bank": "00000001 000c 03 000080",
        "no bank": "00000000",
        "two banks": "00000002 0004 03 000080 000b 03 000080",
        "one bank that says it is two": "00000002 000b 03 000080",
        "32 registers to choose from": "00000001 000b 04 00008000",
        "a selection with another size": "00000001 000b 02 000080",
    }
    digests = {
        "a register that was only reset": bytes(32),
        "a register extended twice": expected_pcr(expected_pcr(SOFTWARE).hex()),
        "a register that holds the program's digest itself": bytes.fromhex(SOFTWARE),
    }
    return {
        "magic of something that no TPM made": {"magic": b"\xffTCH"},
        "a signature over a key (TPM_ST_ATTEST_CERTIFY)": {"type": bytes.fromhex("8017")},
        "no qualifying data": {"extra": bytes.fromhex("0000")},
        "qualifying data cut short": {"extra": bytes.fromhex("001f") + BINDING[:31]},
        "qualifying data that says it is shorter": {"extra": bytes.fromhex("001f") + BINDING},
        "a key's name by SHA-384": {"signer": bytes.fromhex("0022 000c") + seed("a key's name")},
        "a key's name that says it is shorter": {"signer": bytes.fromhex("0021 000b") + seed("a key's name")},
        "a handle for a name": {"signer": bytes.fromhex("0004 40000001")},
        "one byte more": {"digest": _pcr_digest(expected_pcr(SOFTWARE)) + b"\0"},
        "one byte less": {"digest": _pcr_digest(expected_pcr(SOFTWARE))[:-1]},
        "a digest that says it is shorter": {"digest": bytes.fromhex("001f") + _pcr_digest(expected_pcr(SOFTWARE))[2:]},
        "the register itself, not its digest": {"digest": bytes.fromhex("0020") + expected_pcr(SOFTWARE)},
        **{name: {"selection": bytes.fromhex(value)} for name, value in selections.items()},
        **{name: {"digest": _pcr_digest(value)} for name, value in digests.items()},
    }


def _pcr_digest(register: bytes) -> bytes:
    return bytes.fromhex("0020") + bytes.fromhex(digest(register))


def _signatures() -> Iterator[Case]:
    """A good message with other signatures. Either s is good: nothing counts or names quotes by their bytes."""
    message = attest(BINDING, SOFTWARE)
    good = signed(message)
    raw = from_b64u(good.signature)
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    yield _case("s", good)
    yield _case("the order of the group less s", quote_of(message, r, ORDER - s))
    numbers = {"r is 0": (0, s), "s is 0": (r, 0), "both are 0": (0, 0), "r and s swapped": (s, r)}
    numbers |= {"r is the order": (ORDER, s), "s is the order": (r, ORDER), "all ones": (2**256 - 1, 2**256 - 1)}
    for name, (one, other) in numbers.items():
        yield _case(name, quote_of(message, one, other), "quote-invalid")
    texts = {
        "no signature": "",
        "a signature cut short": to_b64u(raw[:-1]),
        "a signature with one byte more": to_b64u(raw + b"\0"),
        "a signature with padding": good.signature + "==",
        "a signature in another spelling": good.signature[:-1] + chr(ord(good.signature[-1]) + 1),
    }
    for name, text in texts.items():
        yield _case(name, msgspec.structs.replace(good, signature=text), "quote-invalid")
    yield _case("no message", msgspec.structs.replace(good, message=""), "quote-invalid")


def _keys() -> Iterator[Case]:
    """A good quote under keys that are none."""
    good, point = signed(attest(BINDING, SOFTWARE)), from_b64u(attestation_key().key)
    texts = {
        "no key": b"",
        "a compressed key": bytes([2 + point[-1] % 2]) + point[1:33],
        "a key in the hybrid form": bytes([6 + point[-1] % 2]) + point[1:],
        "a key that is not on the curve": point[:-1] + bytes([point[-1] ^ 1]),
        "a key of zeros": bytes([4]) + bytes(64),
        "a key without its first byte": point[1:],
        "another key": from_b64u(attestation_key(quote_key("other")).key),
    }
    for name, raw in texts.items():
        yield _case(name, good, "quote-invalid", key=AttestationKey(key=to_b64u(raw), root="test-tpm"))


def _case(
    name: str,
    quote: Quote,
    expect: str = "accept",
    *,
    key: AttestationKey | None = None,
    fill: int = FILL,
    offer: bytes = OFFER,
    software: str = SOFTWARE,
) -> Case:
    return {
        "name": name,
        "key": (key or attestation_key()).key,
        "message": quote.message,
        "signature": quote.signature,
        "hpke_fill": fill,
        "offer_hash": offer.hex(),
        "binding": quote_binding(bytes([fill]) * PUBLIC_KEY_BYTES, offer).hex(),
        "software": software,
        "pcr": expected_pcr(software).hex(),
        "expect": expect,
    }
