"""The foundry: published model weights in, checked ONNX graphs out.

The browser models are rebuilt from pinned package files (`recipes`), compared with stored answers of the
runtime they came from (`parity`), and only then given the names that `.build/edge/manifest.json` lists.
"""
