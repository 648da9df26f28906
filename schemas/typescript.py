"""Writes gateway/web/protocol/wire.ts from the structs, so that the browser's twins cannot drift.

``python -m schemas.typescript`` writes the file; ``--check`` only compares and fails when it is out of date. This is
the one file of the room that touches the disk. spec/encoding.md section 7.
"""

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import inspect

from schemas import attestation, canonical, codes, embedding, frames, pools, sealing
from schemas.attestation import AttestationKey, Quote
from schemas.bundle_manifest import EdgeManifest
from schemas.consent import Admitted, ConsentGrant, ConsentToken, Revocation, Revoked
from schemas.consent_file import ConsentFile
from schemas.erasure import ErasureReceipt
from schemas.facts import Facts
from schemas.job import Choose, Disclosure, JobBody, JobRequest, Offer, Problem, Progress, SealedRequest, Waiting
from schemas.log_leaf import PublicFact
from schemas.receipt_file import ReceiptFile
from schemas.signing import Header
from schemas.worker_key import Claim, Endorsement, RosterEntry

TARGET: Final = Path(__file__).parent.parent / "gateway" / "web" / "protocol" / "wire.ts"

SPOKEN_IN_THE_BROWSER: Final[tuple[type[msgspec.Struct], ...]] = (
    Header,
    ConsentGrant,
    ConsentToken,
    Admitted,
    Revocation,
    Revoked,
    JobRequest,
    JobBody,
    Offer,
    Disclosure,
    SealedRequest,
    Endorsement,
    AttestationKey,
    Quote,
    RosterEntry,
    Claim,
    Choose,
    Waiting,
    Progress,
    Problem,
    ErasureReceipt,
    ConsentFile,
    ReceiptFile,
    PublicFact,
    Facts,
    EdgeManifest,
)

SIZES: Final = {
    "publicKey": sealing.PUBLIC_KEY_BYTES,
    "mlkemPublicKey": sealing.MLKEM_PUBLIC_BYTES,
    "enc": sealing.ENC_BYTES,
    "tag": sealing.TAG_BYTES,
    "sealedRequest": sealing.SEALED_REQUEST_BYTES,
    "requestRoom": sealing.REQUEST_ROOM_BYTES,
    "chunk": sealing.CHUNK_BYTES,
    "sealedChunk": sealing.SEALED_CHUNK_BYTES,
    "maxImageChunks": sealing.MAX_IMAGE_CHUNKS,
    "secret": sealing.SECRET_BYTES,
    "maxRecord": embedding.MAX_RECORD_BYTES,
    "maxStatement": canonical.MAX_STATEMENT_BYTES,
}
LABELS: Final = {
    "request": sealing.REQUEST_LABEL,
    "reply": sealing.REPLY_LABEL,
    "image": sealing.IMAGE_LABEL,
    "quote": attestation.QUOTE_LABEL,
}
RECORD: Final = {
    "version": embedding.VERSION,
    "ruler": embedding.RULER_ID,
    "header": embedding.HEADER_BYTES,
    "geometry": embedding.GEOMETRY_LENGTH,
    "look": embedding.LOOK_BYTES,
    "embedding": embedding.EMBEDDING_BYTES,
    "embeddingLength": embedding.EMBEDDING_LENGTH,
    "maxScale": embedding.MAX_SCALE,
    "attributeBytes": embedding.ATTRIBUTE_BYTES,
    "parts": embedding.PART_BITS,
    "embedders": {str(number): name for number, name in embedding.EMBEDDERS.items()},
}

HEAD: Final = """\
// Written by `python -m schemas.typescript` from schemas/*.py. Do not edit: change the structs and run it again.
// spec/encoding.md section 7.

export type Shape =
  | { readonly t: "str"; readonly pattern?: string; readonly min?: number; readonly max?: number }
  | { readonly t: "int"; readonly min?: number; readonly max?: number }
  | { readonly t: "is"; readonly values: readonly (string | boolean)[] }
  | { readonly t: "list"; readonly of: Shape; readonly min?: number; readonly max?: number }
  | { readonly t: "map"; readonly of: Shape }
  | { readonly t: "struct"; readonly name: StructName }
  | { readonly t: "or-null"; readonly of: Shape };

export interface StructShape {
  readonly kind: string | null;
  readonly fields: Readonly<Record<string, Shape>>;
  readonly optional: readonly string[];
}
"""


def render() -> str:
    """The whole text of wire.ts."""
    infos = _collect()
    parts = [HEAD]
    parts += [_interface(info) for info in infos]
    names = " | ".join(f'"{_name(info)}"' for info in infos)
    parts.append(f"export type StructName = {names};\n")
    entries = "\n".join(f"  {_name(info)}: {_name(info)};" for info in infos)
    parts.append(f"export interface Structs {{\n{entries}\n}}\n")
    parts.append(_const("SHAPES", {_name(info): _shape_of(info) for info in infos}, "Record<StructName, StructShape>"))
    parts += _tables()
    return "\n".join(parts)


def _tables() -> list[str]:
    known = codes.all_codes()
    return [
        _const("ERRORS", {code: cls.meaning for code, cls in known.items()}),
        _const("FAULTS", {code: cls.fault for code, cls in known.items()}),
        _const("PHOTO_ERRORS", codes.PHOTO_CODES),
        "export type ErrorCode = keyof typeof ERRORS | keyof typeof PHOTO_ERRORS;\n",
        _const("FRAMES", {kind.name.lower(): int(kind) for kind in frames.FrameKind}),
        _const("SIZES", SIZES),
        _const("LABELS", {name: label.decode() for name, label in LABELS.items()}),
        _const("RECORD", RECORD),
        _const("COLOURS", embedding.COLOURS),
        _const("ATTRIBUTES", embedding.ATTRIBUTES),
        _const("PROMISES", pools.PROMISES),
        _const("LOTS", pools.LOTS),
    ]


def _collect() -> list[inspect.StructType]:
    """Every struct that is spoken, nested ones first."""
    found: dict[str, inspect.StructType] = {}

    def visit(node: Any) -> None:
        if isinstance(node, inspect.StructType):
            for item in node.fields:
                visit(item.type)
            found.setdefault(_name(node), node)
        for attribute in ("item_type", "value_type", "types"):
            inner = getattr(node, attribute, None)
            for each in inner if isinstance(inner, tuple) else (inner,):
                if each is not None:
                    visit(each)

    for struct in SPOKEN_IN_THE_BROWSER:
        visit(inspect.type_info(struct))
    return list(found.values())


def _name(info: inspect.StructType) -> str:
    return str(info.cls.__name__)


def _interface(info: inspect.StructType) -> str:
    lines = [f'  readonly kind: "{info.tag}";'] if info.tag else []
    for item in info.fields:
        mark = "" if item.required else "?"
        lines.append(f"  readonly {item.encode_name}{mark}: {_type(item.type)};")
    return f"export interface {_name(info)} {{\n" + "\n".join(lines) + "\n}\n"


def _type(node: Any) -> str:  # noqa: PLR0911 - one return a kind of node reads best
    match node:
        case inspect.StrType():
            return "string"
        case inspect.IntType():
            return "number"
        case inspect.LiteralType():
            return " | ".join(json.dumps(value) for value in node.values)
        case inspect.ListType():
            inner = _type(node.item_type)
            return f"readonly ({inner})[]" if " " in inner else f"readonly {inner}[]"
        case inspect.DictType():
            return f"Readonly<Record<string, {_type(node.value_type)}>>"
        case inspect.StructType():
            return _name(node)
        case inspect.UnionType():
            return " | ".join("null" if isinstance(t, inspect.NoneType) else _type(t) for t in node.types)
        case _:
            raise TypeError(f"wire.ts has no word for {node!r}")


def _shape(node: Any) -> dict[str, Any]:  # noqa: PLR0911 - as above
    match node:
        case inspect.StrType():
            return _some(t="str", pattern=node.pattern, min=node.min_length, max=node.max_length)
        case inspect.IntType():
            return _some(t="int", min=node.ge, max=node.le)
        case inspect.LiteralType():
            return {"t": "is", "values": list(node.values)}
        case inspect.ListType():
            return _some(t="list", of=_shape(node.item_type), min=node.min_length, max=node.max_length)
        case inspect.DictType():
            return {"t": "map", "of": _shape(node.value_type)}
        case inspect.StructType():
            return {"t": "struct", "name": _name(node)}
        case inspect.UnionType():
            (inner,) = [t for t in node.types if not isinstance(t, inspect.NoneType)]
            return {"t": "or-null", "of": _shape(inner)}
        case _:
            raise TypeError(f"wire.ts has no shape for {node!r}")


def _some(**given: Any) -> dict[str, Any]:
    return {key: value for key, value in given.items() if value is not None}


def _shape_of(info: inspect.StructType) -> dict[str, Any]:
    fields = {item.encode_name: _shape(item.type) for item in info.fields}
    optional = [item.encode_name for item in info.fields if not item.required]
    return {"kind": info.tag, "fields": fields, "optional": optional}


def _const(name: str, value: Any, type_: str | None = None) -> str:
    text = _one_line_an_entry(value)
    return f"export const {name}{f': {type_}' if type_ else ''} = {text}{'' if type_ else ' as const'};\n"


def _one_line_an_entry(value: Any) -> str:
    dump = partial(json.dumps, ensure_ascii=False)
    if isinstance(value, dict):
        return "{\n" + "".join(f"  {dump(key)}: {dump(inner)},\n" for key, inner in value.items()) + "}"
    return dump(value)


def main(arguments: list[str]) -> int:
    """Write or, with ``--check``, compare wire.ts; 1 when it is out of date."""
    text = render()
    if arguments == ["--check"]:
        fresh = TARGET.is_file() and TARGET.read_text(encoding="utf-8") == text
        if not fresh:
            print(f"{TARGET.name} is out of date: run python -m schemas.typescript", file=sys.stderr)
        return 0 if fresh else 1
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
