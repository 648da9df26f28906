"""The embedded portrait bundle: drawn people in, three ONNX graphs out (see README.md)."""
