"""The foundry: published model weights in, checked ONNX graphs out.

The browser models are rebuilt from pinned package files (`recipes`), compared with stored answers of the
runtime they came from (`parity`), and only then given the names that `.build/edge/manifest.json` lists.
"""

import os

# onnxruntime from 1.29 on reports its use to its maker unless it is told not to, before it is imported.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
