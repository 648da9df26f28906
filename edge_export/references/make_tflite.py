"""Ask the TensorFlow Lite interpreter about the probes and store its answers as `<role>.json`.

Run from the checkout, in an environment of its own with `ai-edge-litert`, numpy, scikit-image and msgspec:

    python -m edge_export.references.make_tflite --role detect --model face_detection_short_range.tflite
    python -m edge_export.references.make_tflite --role mesh --model face_landmark.tflite
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import importlib.metadata
import json
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter  # type: ignore[import-not-found]

from edge_export.probes import NAMES, probe
from edge_export.recipes import recipe

_MODULE = "edge_export.references.make_tflite"


def main() -> None:
    """Ask about each probe and write the reference file."""
    parser = argparse.ArgumentParser(description="Store the TensorFlow Lite interpreter's answers.")
    parser.add_argument("--role", required=True, choices=["detect", "mesh"])
    parser.add_argument("--model", required=True, type=Path, help="the .tflite file of the pinned package")
    arguments = parser.parse_args()
    row = recipe(arguments.role)
    model = arguments.model.read_bytes()
    digest = hashlib.sha256(model).hexdigest()
    if digest != row.weights.sha256:
        raise SystemExit("this is not the pinned source file")
    interpreter = Interpreter(model_content=model, num_threads=1)
    interpreter.allocate_tensors()
    answers = []
    for name in NAMES:
        rgba = probe(name, row.size)
        picture = rgba[..., :3].astype(np.float32) * np.float32(row.gain) + np.array(row.offset, np.float32)
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], picture[None])
        interpreter.invoke()
        tensors = {d["name"]: interpreter.get_tensor(d["index"]) for d in interpreter.get_output_details()}
        outputs = {
            port.name: {
                "shape": list(port.shape),
                "float32_le": base64.b64encode(tensors[port.source].astype("<f4").tobytes()).decode(),
            }
            for port in row.outputs
        }
        answers.append({"probe": name, "input_sha256": hashlib.sha256(rgba.tobytes()).hexdigest(), "outputs": outputs})
    stored = {
        "answers": answers,
        "command": f"python -m {_MODULE} --role {row.role} --model {Path(row.weights.path).name}",
        "runtime": f"TensorFlow Lite interpreter, ai-edge-litert {importlib.metadata.version('ai-edge-litert')}",
        "source_sha256": digest,
    }
    text = json.dumps(stored, sort_keys=True, indent=1)
    Path(__file__).with_name(f"{row.role}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
