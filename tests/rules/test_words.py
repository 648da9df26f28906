"""What no file says: claims that we cannot keep, and names of places that only one machine or one registry has."""

import re
from collections.abc import Iterator
from typing import Final

import pytest

from tests.rules import tree

# Spelled in pieces, so that this file may stand in the tree it reads.
CLAIMS: Final = tuple(
    "".join(pieces)
    for pieces in (
        ("anony", "mous"),
        ("irrever", "sib"),
        ("cannot be ", "reconstructed"),
        ("proof of ", "deletion"),
        ("securely ", "wiped"),
        ("gdpr", "[- ]", "compl"),
        ("certi", "fied"),
    )
)
PLACES: Final = tuple(
    "".join(pieces)
    for pieces in (
        ("pypi", r"\.", "org"),
        ("python", "hosted"),
        ("registry", r"\.", "(npm|yarn)"),
        ("deb", r"\.", "debian"),
        ("security", r"\.", "debian"),
        (r"(^|[^a-zA-Z0-9_.])/(work|ro", r"ot|fa", r"rm)/"),
        (r"(^|[^a-zA-Z0-9_.])/(tm", r"p)/[a-z]{2}/"),
        (r"\.\./sh", "ared"),
        (r"\bre", r"search/\w+\.md"),
    )
)
BANNED: Final = tuple(re.compile(word.replace(" ", r"\s+"), re.IGNORECASE) for word in CLAIMS + PLACES)

NOT_OURS: Final = {"LICENSE"}


def violations(path: str, text: str) -> Iterator[str]:
    """Every banned word in `text` and in the name of its file, with the number of its line."""
    for word in BANNED:
        if word.search(path):
            yield f"{path}: its name says {word.pattern}"
        for hit in word.finditer(text):
            yield f"{path}:{text.count(chr(10), 0, hit.start()) + 1}: {hit[0].strip()!r}"


def addresses_in_lock(text: str) -> list[str]:
    """The download addresses that an npm lock names."""
    return re.findall(r'"resolved":\s*"https?://[^"]*"', text)


def test_no_file_says_a_banned_word() -> None:
    found = [v for path, text in tree.texts().items() if path not in NOT_OURS for v in violations(path, text)]
    assert found == []


def test_npm_locks_name_no_address() -> None:
    locks = {path: text for path, text in tree.texts().items() if path.endswith("package-lock.json")}
    assert locks
    assert {path: addresses_in_lock(text)[:3] for path, text in locks.items() if addresses_in_lock(text)} == {}


SAMPLES = (
    "An anony-mous embedding.",
    "It is irrever-sibly gone.",
    "The face CANNOT BE\nre-constructed",
    "A proof of del-etion",
    "memory is securely wip-ed",
    "We are GD-PR compliant",
    "a certi-fied worker",
    "https://py-pi.org/simple",
    "https://files.python-hosted.org/x",
    "https://registry.np-mjs.org/x",
    "http://deb.de-bian.org/x",
    "see /wo-rk/main",
    "in '/ro-ot/x'",
    "../sha-red/x.md",
    "see rese-arch/edge.md",
)


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_banned_word_is_seen(sample: str) -> None:
    broken = re.sub(r"(?<=\w)-(?=\w)", "", sample) if "GD-PR" not in sample else sample.replace("GD-PR", "GDPR")
    assert list(violations("a.md", broken)) != []
    assert list(violations(f"{broken}.md", "")) != [] or "\n" in broken


def test_a_download_address_is_seen() -> None:
    assert addresses_in_lock('{"resolved": "https://example.test/a.tgz"}') != []
