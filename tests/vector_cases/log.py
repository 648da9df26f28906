"""Cases about the transparency log: signed notes, policies, proofs."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

from schemas.log_policy import Group, Policy, write_policy
from schemas.log_proof import LogProof, write_proof
from schemas.note import SignatureKind, VerifierKey, sign_note, signature_line, to_base64
from tests import naive_tree
from tests.small_log import ENTRIES, ORIGIN, SmallLog, witness_key
from tests.statements import NOW, signing_key

Case = dict[str, Any]
LOG = SmallLog()


def note_cases() -> Iterator[Case]:
    """Verifier keys; notes under one; cosignatures with their times."""
    key = signing_key("log")
    verifier = VerifierKey("example.com/\u00e8", SignatureKind.ED25519, key.public_key())
    typed = b"\x02" + key.public_key().public_bytes_raw()
    unknown = f"a+{sha256(b'a' + bytes([10]) + typed).hexdigest()[:8]}+{to_base64(typed)}"
    for name, (vkey, expect) in {
        "a key": (verifier.text, "accept"),
        "a witness's key": (witness_key("north").text, "accept"),
        "a key under another name": (verifier.text.replace("com/", "com/x"), "note-malformed"),
        "an id in capitals": (verifier.text.replace(verifier.key_id.hex(), "ABCDEF01"), "note-malformed"),
        "a key of an unknown kind": (unknown, "note-malformed"),
        "two parts only": (verifier.text.rpartition("+")[0], "note-malformed"),
        "base64 without padding": (verifier.text + "=", "note-malformed"),
        "a name with a space": (verifier.text.replace("com/", "com /"), "note-malformed"),
        "nothing": ("", "note-malformed"),
    }.items():
        yield {"name": f"vkey: {name}", "op": "vkey", "vkey": vkey, "expect": expect}
    text = "a text\n\nof two parts \u2014 \u00e8\n"
    line = sign_note(text, verifier.name, key)
    stranger = sign_note(text, "stranger.example", signing_key("stranger"))
    namesake = sign_note(text, verifier.name, signing_key("stranger"))
    raw = f"{text}\n{line}"
    wrong = signature_line(verifier, text, bytes(64))
    for name, (edited, expect) in {
        "one signature": (raw, "accept"),
        "a stranger's signature too": (f"{text}\n{stranger}{namesake}{line}", "accept"),
        "the same signature twice": (raw + line, "accept"),
        "64 signatures": (f"{text}\n{line * 64}", "accept"),
        "65 signatures": (f"{text}\n{line * 65}", "note-malformed"),
        "strangers only": (f"{text}\n{stranger}{namesake}", "note-untrusted"),
        "another text": (raw.replace("two", "six"), "note-untrusted"),
        "a wrong signature beside a right one": (raw + wrong, "note-untrusted"),
        "a signature too short": (f"{text}\n{signature_line(verifier, text, bytes(63))}", "note-untrusted"),
        "no signature": (text, "note-malformed"),
        "an empty line and no signature": (f"{text}\n", "note-malformed"),
        "no newline at the end": (raw[:-1], "note-malformed"),
        "an empty line at the end": (f"{raw}\n", "note-malformed"),
        "carriage returns": (raw.replace("\n", "\r\n"), "note-malformed"),
        "a tab": (raw.replace("a text", "a\ttext"), "note-malformed"),
        "a zero": (raw.replace("a text", "a\0text"), "note-malformed"),
        "a hyphen for the dash": (raw.replace("\u2014 example", "- example"), "note-malformed"),
        "two spaces": (raw.replace("\u2014 example", "\u2014  example"), "note-malformed"),
        "a no-break space in a name": (raw.replace("example.com", "example.com\u00a0"), "note-malformed"),
        "a next-line character in a name": (raw.replace("example.com", "example.com\x85"), "note-malformed"),
        "a byte order mark in a name": (raw.replace("example.com", "example.com\ufeff"), "note-untrusted"),
        "a plus in a name": (raw.replace("example.com", "example+com"), "note-malformed"),
        "spare bits in the base64": (raw[:-3] + chr(ord(raw[-3]) + 1) + raw[-2:], "note-malformed"),
        "a signature of nothing but an id": (f"{text}\n\u2014 a AAAAAA==\n", "note-malformed"),
    }.items():
        yield {"name": f"note: {name}", "op": "note", "vkey": verifier.text, "note": edited, "expect": expect}
    yield from cosignature_cases()


def cosignature_cases() -> Iterator[Case]:
    """What a witness's line may be."""
    north = witness_key("north")
    late = 2**53
    beyond = late.to_bytes(8, "big") + signing_key("north").sign(f"cosignature/v1\ntime {late}\n{LOG.text}".encode())
    other = LOG.cosigned("north", text=SmallLog(entries=ENTRIES[:3]).text)
    for name, (lines, at, expect) in {
        "one": (LOG.cosigned("north"), [NOW], "accept"),
        "two": (LOG.cosigned("north") + LOG.cosigned("north", at=0), [NOW, 0], "accept"),
        "by another": (LOG.cosigned("south"), [], "accept"),
        "the last second": (LOG.cosigned("north", at=late - 1), [late - 1], "accept"),
        "a second too late": (signature_line(north, LOG.text, beyond), [], "note-untrusted"),
        "of another checkpoint": (other, [], "note-untrusted"),
        "of nothing": (signature_line(north, LOG.text, bytes(72)), [], "note-untrusted"),
        "too short": (signature_line(north, LOG.text, bytes(71)), [], "note-untrusted"),
        "a log's signature under the witness's id": (
            signature_line(north, LOG.text, signing_key("north").sign(LOG.text.encode())),
            [],
            "note-untrusted",
        ),
    }.items():
        note = LOG.note(lines)
        yield {
            "name": f"cosignature: {name}",
            "op": "cosignature",
            "vkey": north.text,
            "note": note,
            "at": at,
            "expect": expect,
        }


def log_policy_cases() -> Iterator[Case]:
    """Policies; and checkpoints under one, with the time at which somebody looks."""
    text = write_policy(LOG.policy)
    log, north, south, east = text.splitlines(keepends=True)[:4]
    key = north.split(" ")[2]
    twin = VerifierKey("twin.example", SignatureKind.COSIGNATURE, signing_key("north").public_key()).text
    itself = VerifierKey("w.example", SignatureKind.COSIGNATURE, LOG.key.public_key()).text
    two = log + north + south
    accepted = {
        "two of three": text,
        "without URLs": write_policy(LOG.policy, urls=False),
        "no witness": f"{log}quorum none\n",
        "one witness": f"{log}{north}quorum north\n",
        "comments, tabs and empty lines": f"# comment\n\n\t# another\n \t{log}\t{north} quorum\tnorth \n",
        "a group of groups": f"{two}{east}group a any north south\ngroup b all a east\nquorum b\n",
        "a quorum before a group": f"{two}quorum north\ngroup g 1 south\n",
        "names like words": f"{log}{north.replace('north', 'all', 1)}group any all all\nquorum any\n",
        "a name of another script": f"{log}witness \u5317 {key} https://\u5317.example\nquorum \u5317\n",
    }
    refused = {
        "nothing": "",
        "no log": f"{north}quorum north\n",
        "no quorum": two,
        "two logs": f"{log}{log}quorum none\n",
        "two quorums": f"{log}quorum none\nquorum none\n",
        "no newline at the end": text[:-1],
        "carriage returns": text.replace("\n", "\r\n"),
        "a no-break space": f"{log}quorum\u00a0none\n",
        "a name twice": f"{log}{north}{south.replace('south', 'north', 1)}quorum none\n",
        "a key twice": f"{log}{north}witness twin {twin}\nquorum none\n",
        "the log as its own witness": f"{log}witness itself {itself}\nquorum none\n",
        "a witness named none": f"{log}{north.replace('north', 'none', 1)}quorum none\n",
        "a log's key for a witness": f"{log}witness w {log.split(' ')[1]}\nquorum none\n",
        "a witness's key for the log": f"log {key}\nquorum none\n",
        "not a key": f"{log}witness w north\nquorum none\n",
        "a word too many": f"{log}{north.strip()} more\nquorum none\n",
        "a word too few": f"{log}witness {key}\nquorum none\n",
        "an unknown line": f"{text}retired 2030\n",
        "a quorum of nobody": f"{log}quorum north\n",
        "a group without members": f"{two}group g any\nquorum none\n",
        "a member defined later": f"{log}{north}group g any south\n{south}quorum none\n",
        "a member twice in a group": f"{two}group g all north north\nquorum g\n",
        "a member of two groups": f"{two}group g any north\ngroup h any north\nquorum h\n",
        "a threshold of none": f"{two}group g 0 north south\nquorum g\n",
        "a threshold of more than all": f"{two}group g 3 north south\nquorum g\n",
        "a threshold with a zero": f"{two}group g 01 north south\nquorum g\n",
        "a threshold that is a word": f"{two}group g constructor north south\nquorum g\n",
    }
    for table, expect in ((accepted, "accept"), (refused, "policy-invalid")):
        for name, policy in table.items():
            yield {"name": f"policy: {name}", "op": "read", "policy": policy, "expect": expect}
    yield from checkpoint_cases()


def checkpoint_cases() -> Iterator[Case]:
    """Checkpoints under the policy "two of three", and under others."""
    nested = replace(LOG.policy, groups={"a": Group(1, ("north", "south")), "b": Group(2, ("a", "east"))}, quorum="b")
    alone = Policy(log=LOG.policy.log)
    other = SmallLog(entries=ENTRIES[:3])
    old, newer = NOW - 601, NOW - 600
    both = LOG.cosigned("north", "south")
    stranger = LOG.cosigned("stranger")
    renamed = LOG.text.replace(ORIGIN, "log.example/other")
    spread = LOG.cosigned("north", at=NOW - 5) + LOG.cosigned("south", at=NOW - 50) + LOG.cosigned("east", at=NOW - 20)
    for name, (policy, note, now, expect) in {
        "two witnesses": (LOG.policy, LOG.note(both), NOW, (NOW, ["north", "south"])),
        "the log's line last": (LOG.policy, _log_last(both), NOW, (NOW, ["north", "south"])),
        "three witnesses": (LOG.policy, LOG.note(spread), NOW, (NOW - 20, ["north", "south", "east"])),
        "just fresh enough": (LOG.policy, LOG.note(LOG.cosigned("north", "south", at=newer)), NOW, (newer, None)),
        "just not too far ahead": (LOG.policy, LOG.note(both), NOW - 60, (NOW, None)),
        "old, and nobody minds": (LOG.policy, LOG.note(LOG.cosigned("north", "south", at=old)), None, (old, None)),
        "old lines beside new ones": (
            LOG.policy,
            LOG.note(LOG.cosigned("north", "south", at=0), both),
            NOW,
            (NOW, None),
        ),
        "a stranger's line": (LOG.policy, LOG.note(stranger, both), NOW, (NOW, ["north", "south"])),
        "groups of groups": (nested, LOG.note(LOG.cosigned("south", "east")), NOW, (NOW, ["south", "east"])),
        "no witness asked for": (alone, LOG.note(), NOW, (None, [])),
        "one witness only": (LOG.policy, LOG.note(LOG.cosigned("north")), NOW, "checkpoint-unwitnessed"),
        "one witness twice": (
            LOG.policy,
            LOG.note(LOG.cosigned("north"), LOG.cosigned("north", at=NOW - 1)),
            NOW,
            "checkpoint-unwitnessed",
        ),
        "one witness and a stranger": (
            LOG.policy,
            LOG.note(LOG.cosigned("north"), stranger),
            NOW,
            "checkpoint-unwitnessed",
        ),
        "the wrong two": (nested, LOG.note(both), NOW, "checkpoint-unwitnessed"),
        "one of two too old": (
            LOG.policy,
            LOG.note(LOG.cosigned("north", at=old), LOG.cosigned("south")),
            NOW,
            "checkpoint-stale",
        ),
        "too far ahead": (LOG.policy, LOG.note(both), NOW - 61, "checkpoint-stale"),
        "not signed by the log": (LOG.policy, f"{LOG.text}\n{both}", NOW, "note-untrusted"),
        "signed by another log": (SmallLog(key=signing_key("other")).policy, LOG.note(both), NOW, "note-untrusted"),
        "of another origin": (
            LOG.policy,
            LOG.note(LOG.cosigned("north", "south", text=renamed), text=renamed),
            NOW,
            "note-untrusted",
        ),
        "a third line that is wrong": (
            LOG.policy,
            LOG.note(both, LOG.cosigned("east", text=other.text)),
            NOW,
            "note-untrusted",
        ),
        "a text that is no checkpoint": (LOG.policy, LOG.note(text="hello\n"), NOW, "note-malformed"),
        "an extension line": (LOG.policy, LOG.note(text=f"{LOG.text}more\n"), NOW, "note-malformed"),
        "a size with a zero": (LOG.policy, LOG.note(text=LOG.text.replace("\n11\n", "\n011\n")), NOW, "note-malformed"),
        "a size beyond counting": (
            LOG.policy,
            LOG.note(text=LOG.text.replace("\n11\n", "\n9007199254740992\n")),
            NOW,
            "note-malformed",
        ),
        "an empty tree with a root": (
            LOG.policy,
            LOG.note(text=LOG.text.replace("\n11\n", "\n0\n")),
            NOW,
            "note-malformed",
        ),
        "not a note": (LOG.policy, LOG.text, NOW, "note-malformed"),
    }.items():
        case = {"name": f"checkpoint: {name}", "op": "open", "policy": write_policy(policy), "note": note, "now": now}
        if isinstance(expect, str):
            yield case | {"expect": expect}
        else:
            at, witnesses = expect
            yield (
                case
                | {"at": at, "witnesses": witnesses or ["north", "south"], "expect": "accept"}
                | ({"witnesses": []} if at is None else {})
            )


def _log_last(lines: str) -> str:
    return f"{LOG.text}\n{lines}{sign_note(LOG.text, ORIGIN, LOG.key)}"


def log_proof_cases() -> Iterator[Case]:
    """Proofs that an entry stands in the log, under the policy "two of three", and their edits."""
    policy = write_policy(LOG.policy, urls=False)
    proof = LOG.proof(6)
    shared = {"policy": policy, "entry": ENTRIES[6].hex(), "now": NOW}
    for index in range(len(ENTRIES)):
        yield {
            "name": f"entry {index}",
            "policy": policy,
            "proof": LOG.proof(index),
            "entry": ENTRIES[index].hex(),
            "now": NOW,
            "index": index,
            "size": len(ENTRIES),
            "at": NOW,
            "expect": "accept",
        }
    fact = SmallLog(entries=[b'{"kind":"likeness/public-fact/v1"}'])
    yield {
        "name": "the only entry, years later",
        "policy": policy,
        "proof": fact.proof(0),
        "entry": fact.entries[0].hex(),
        "now": None,
        "index": 0,
        "size": 1,
        "at": NOW,
        "expect": "accept",
    }
    head, note = proof.split("\n\n", 1)
    first = head.split("\n")[2]
    fork = SmallLog(entries=[*ENTRIES[:10], b"forked"])
    shrunk = LogProof(index=6, hashes=tuple(naive_tree.inclusion(6, ENTRIES))[:-1], checkpoint=note)
    for name, (edited, expect) in {
        "another index": (proof.replace("index 6", "index 5"), "proof-invalid"),
        "an index behind the end": (proof.replace("index 6", "index 11"), "proof-invalid"),
        "an index beyond counting": (proof.replace("index 6", "index 9007199254740992"), "note-malformed"),
        "an index with a zero": (proof.replace("index 6", "index 06"), "note-malformed"),
        "no index": (proof.replace("index 6\n", ""), "note-malformed"),
        "extra data": (proof.replace("index 6", "extra AAAA\nindex 6"), "note-malformed"),
        "another version": (proof.replace("@v1", "@v2"), "note-malformed"),
        "a hash less": (write_proof(shrunk), "proof-invalid"),
        "a hash twice": (proof.replace(first, f"{first}\n{first}"), "proof-invalid"),
        "54 hashes": (proof.replace(first, "\n".join([first] * 54)), "note-malformed"),
        "a short hash": (proof.replace(first, to_base64(bytes(31))), "note-malformed"),
        "a hash with spare bits": (proof.replace(first, first[:-2] + chr(ord(first[-2]) + 1) + "="), "note-malformed"),
        "an empty line more": (f"{head}\n\n\n{note}", "note-untrusted"),
        "no empty line": (f"{head}\n{note}", "note-malformed"),
        "carriage returns": (proof.replace("\n", "\r\n"), "note-malformed"),
        "a line behind it": (f"{proof}more\n", "note-malformed"),
        "nothing": ("", "note-malformed"),
        "no witness": (LOG.proof(6, LOG.note()), "checkpoint-unwitnessed"),
        "stale": (LOG.proof(6, LOG.note(LOG.cosigned("north", "south", at=NOW - 601))), "checkpoint-stale"),
        "a fork": (LOG.proof(6, fork.note(fork.cosigned("north", "south"))), "proof-invalid"),
        "another log": (SmallLog(key=signing_key("other")).proof(6), "note-untrusted"),
    }.items():
        yield {"name": name, **shared, "proof": edited, "expect": expect}
    yield {"name": "another entry", **shared, "proof": proof, "entry": ENTRIES[5].hex(), "expect": "proof-invalid"}
    yield {"name": "no entry", **shared, "proof": proof, "entry": "", "expect": "proof-invalid"}
    yield {"name": "no policy", **shared, "proof": proof, "policy": "", "expect": "policy-invalid"}
