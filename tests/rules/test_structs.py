"""Every struct in schemas/ is frozen, keyword-only and strict, and says so itself.

The flags are read from the class line: msgspec does not inherit `kw_only`, and type checkers do not see an inherited
`frozen`.
"""

import ast
import re
from collections.abc import Iterator
from typing import Final

import pytest

from tests.rules import tree

FLAGS: Final = ("frozen", "kw_only", "forbid_unknown_fields")
TAG: Final = re.compile(r"likeness/[a-z]+(-[a-z]+)*/v[1-9]\d*")


def structs(text: str) -> Iterator[ast.ClassDef]:
    """The classes in `text` with a base that is called Struct."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef):
            bases = {getattr(base, "id", None) or getattr(base, "attr", None) for base in node.bases}
            if "Struct" in bases:
                yield node


def violations(path: str, text: str) -> Iterator[str]:
    """Every struct in `text` whose class line does not give all flags, or half a tag."""
    for struct in structs(text):
        given = {word.arg: getattr(word.value, "value", None) for word in struct.keywords}
        where = f"{path}: {struct.name}"
        yield from (f"{where} does not say {flag}=True" for flag in FLAGS if given.get(flag) is not True)
        if ("tag" in given) != ("tag_field" in given):
            yield f"{where} has a tag without a tag_field, or the reverse"
        elif "tag" in given:
            if given["tag_field"] != "kind":
                yield f"{where} has another tag_field than 'kind'"
            if not TAG.fullmatch(str(given["tag"])):
                yield f"{where} is not tagged likeness/<name>/v<number> in so many words"


def tags(text: str) -> Iterator[str]:
    """The tags of the structs in `text`."""
    for struct in structs(text):
        yield from (str(getattr(word.value, "value", "")) for word in struct.keywords if word.arg == "tag")


def test_every_struct_says_its_flags() -> None:
    assert [v for path, text in tree.python("schemas").items() for v in violations(path, text)] == []


def test_no_two_statements_share_a_tag() -> None:
    found = [tag for text in tree.python("schemas").values() for tag in tags(text)]
    assert len(found) >= 5, "a rule over an empty list is no rule"
    assert sorted(set(found)) == sorted(found)


STRICT = (
    "class A(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field='kind', tag='likeness/a/v1'): ..."
)


def test_a_strict_struct_passes() -> None:
    assert list(violations("a.py", STRICT)) == []
    assert list(violations("a.py", STRICT.replace(", tag_field='kind', tag='likeness/a/v1'", ""))) == []


def test_a_struct_is_known_by_either_name() -> None:
    assert (
        list(violations("a.py", "class A(Struct): ..."))
        == list(violations("a.py", "class A(msgspec.Struct): ..."))
        != []
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("frozen=True, ", ""),
        ("kw_only=True", "kw_only=False"),
        ("forbid_unknown_fields=True, ", ""),
        ("tag_field='kind', ", ""),
        ("tag_field='kind'", "tag_field='type'"),
        ("likeness/a/v1", "likeness/A/v1"),
        ("likeness/a/v1", "likeness/a"),
        ("'likeness/a/v1'", "TAG"),
    ],
)
def test_a_struct_that_is_not_strict_is_seen(old: str, new: str) -> None:
    text = STRICT.replace(old, new)
    assert text != STRICT
    assert list(violations("a.py", text)) != []
