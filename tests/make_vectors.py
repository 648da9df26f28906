"""Writes schemas/vectors/*.json: one set of accepted and refused examples for Python and TypeScript alike.

``python -m tests.make_vectors``. Keys and times are fixed; only HPKE's own randomness differs from run to run. Every
case says what must come of it (``expect``: ``accept`` or an error code), and the outcome stored is the one the spec
asks for, written by hand here: it is not copied from what the code happened to answer.
"""

import json
from pathlib import Path

from tests.vector_cases import agreements, attestation, claims, kept, log, sealed, tree, words

FOLDER = Path(__file__).parent.parent / "schemas" / "vectors"

FILES = {
    "canonical": words.canonical_cases,
    "signing": words.signing_cases,
    "frames": words.frame_cases,
    "sealing": sealed.sealing_cases,
    "image": sealed.image_cases,
    "record": sealed.record_cases,
    "quantise": sealed.quantise_cases,
    "consent": agreements.consent_cases,
    "revocation": agreements.revocation_cases,
    "claim": claims.claim_cases,
    "choose": claims.choose_cases,
    "attestation": attestation.attestation_cases,
    "job": agreements.job_cases,
    "erasure": kept.erasure_cases,
    "consent_file": kept.consent_file_cases,
    "receipt_file": kept.receipt_file_cases,
    "merkle": tree.merkle_cases,
    "note": log.note_cases,
    "log_policy": log.log_policy_cases,
    "log_proof": log.log_proof_cases,
}


def main() -> None:
    """Write every file."""
    FOLDER.mkdir(exist_ok=True)
    for name, cases in FILES.items():
        about = (cases.__doc__ or "").strip()
        document = {"about": about, "made_by": "python -m tests.make_vectors", "cases": list(cases())}
        (FOLDER / f"{name}.json").write_text(
            json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        print(f"{name}: {len(document['cases'])} cases")


if __name__ == "__main__":
    main()
