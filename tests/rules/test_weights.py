"""What is never committed: other people's weights, and pictures of people."""

import re
from collections.abc import Iterable
from typing import Final

import pytest

from tests.rules import tree

WEIGHTS: Final = re.compile(
    r"\.(onnx|ort|tflite|pb|h5|keras|pt|pth|ckpt|safetensors|gguf|npz|npy|bin|pkl|pickle|joblib|dat)(\.(gz|br|zst|xz))?$"
)
OUR_WEIGHTS: Final = re.compile(r"worker/bundles/[a-z0-9-]+/[a-z]+\.onnx")
"""Trained by our own recipe on people that our own renderer drew."""

PICTURES: Final = re.compile(r"\.(png|jpe?g|webp|gif|heic|heif|avif|bmp|tiff?|mp4|webm|mov)$", re.IGNORECASE)
OUR_PICTURES: Final = re.compile(
    r"worker/bundles/[a-z0-9-]+/[a-z0-9-]+\.png"  # what a bundle draws: nobody
    r"|gateway/web/screenshot\.png"  # the page at work
    r"|gateway/web/page/[a-z-]*icon[a-z0-9-]*\.png"
)


def foreign(paths: Iterable[str]) -> list[str]:
    """The weights and pictures among `paths` that are not ours."""
    return [
        path
        for path in paths
        if (WEIGHTS.search(path) and not OUR_WEIGHTS.fullmatch(path))
        or (PICTURES.search(path) and not OUR_PICTURES.fullmatch(path))
    ]


def test_no_foreign_weights_or_pictures() -> None:
    assert foreign(tree.paths()) == []


@pytest.mark.parametrize(
    "path",
    [
        "edge_export/mesh.tflite",
        "gateway/web/models/embed.onnx",
        "worker/bundles/embedded/extra/face.onnx",
        "edge_export/bundles/net.safetensors",
        "tests/browser/astronaut.png",
        "worker/photo.JPG",
        "gateway/web/page/hero.webp",
        "edge_export/references/embed.npz",
    ],
)
def test_a_foreign_file_is_seen(path: str) -> None:
    assert foreign([path]) == [path]


@pytest.mark.parametrize(
    "path", ["worker/bundles/embedded/step.onnx", "worker/bundles/embedded/grid.png", "gateway/web/screenshot.png"]
)
def test_our_own_passes(path: str) -> None:
    assert foreign([path]) == []
