"""The recipe table: which published file becomes which browser model, and what is known about it.

Every other file of this room is free of model names; a new model of a known kind is a new row here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Client = Literal["npm", "pypi"]
Converter = Literal["tflite", "faceapi-embedding", "faceapi-age"]
Precision = Literal["float16", "uint8"]
DType = Literal["uint8", "float32"]
Role = Literal["detect", "mesh", "embed", "age"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One published archive, pinned by version and digest."""

    client: Client
    """The package client that fetches it."""
    name: str
    version: str
    archive: str
    """File name that the client writes."""
    sha256: str
    """Of the archive."""
    licence: str
    """Licence of the package, as SPDX identifier."""
    platform: str = ""
    """PyPI only: platform tag of the wheel; the model files inside are the same on every platform."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One file inside a package's archive."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a model's numbers come from, as manifest and card say it."""

    package: str
    version: str
    file: str
    sha256: str
    """Of the file."""
    licence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """One input or output of a finished graph."""

    name: str
    dtype: DType
    shape: tuple[int, ...]
    source: str = ""
    """Outputs: the tensor's name in the source model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one model is made, what it must match, and what its card says."""

    role: Role
    """Name of the model in the page, the manifest and on disk: `<role>.onnx`."""
    package: Package
    weights: SourceFile
    manifest: SourceFile | None = None
    """TFJS only: the list of tensors in `weights`."""
    converter: Converter
    precision: Precision
    """How the source stores its weights, and so how the graph does."""
    gain: float
    """Pixels 0..255 are multiplied by this ..."""
    offset: tuple[float, ...]
    """... and this is added, one value or one for each of R, G, B."""
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    tolerance: Mapping[str, float]
    """For each output the largest absolute difference to the original runtime that is accepted."""
    purpose: str
    training_data: str
    limits: str

    @property
    def file(self) -> str:
        """Name of the finished graph."""
        return f"{self.role}.onnx"

    @property
    def origin(self) -> Origin:
        """Package and file of the weights."""
        return Origin(
            package=self.package.name,
            version=self.package.version,
            file=self.weights.path,
            sha256=self.weights.sha256,
            licence=self.package.licence,
        )

    @property
    def size(self) -> int:
        """Side of the square input in pixels."""
        return self.inputs[0].shape[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnGraph:
    """A graph that this room writes itself, from a committed table of numbers instead of weights."""

    role: Literal["ruler"]
    version: str
    licence: str
    purpose: str
    training_data: str
    limits: str

    @property
    def file(self) -> str:
        """Name of the finished graph."""
        return f"{self.role}.onnx"


def _pixels(size: int) -> tuple[Port, ...]:
    return (Port(name="rgba", dtype="uint8", shape=(size, size, 4)),)


_BLAZEFACE: Final = Package(
    client="npm",
    name="@mediapipe/face_detection",
    version="0.4.1657300184",
    archive="mediapipe-face_detection-0.4.1657300184.tgz",
    sha256="a118cde74923dc4435257fbfbb613464a0f58d115dff6314d4ff96c8aebf6419",
    licence="Apache-2.0",
)
_MEDIAPIPE: Final = Package(
    client="pypi",
    name="mediapipe",
    version="0.10.21",
    archive="mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl",
    sha256="05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3",
    licence="Apache-2.0",
    platform="manylinux_2_28_x86_64",
)
_FACE_API: Final = Package(
    client="npm",
    name="@vladmandic/face-api",
    version="1.7.15",
    archive="vladmandic-face-api-1.7.15.tgz",
    sha256="0d77fffeef362ef9c0939cf6c567f3a2e8e177f114fa257a3270cbd2e509b031",
    licence="MIT",
)

# face-api subtracts this mean (R, G, B) and divides by 255; here the division comes first, in float64.
_FACE_API_OFFSET: Final = (-122.782 / 255, -117.001 / 255, -104.298 / 255)

_MEDIAPIPE_DATA: Final = (
    "Not verified by us: MediaPipe publishes model cards, but we could not read them when this table was "
    "written, so we do not know whose faces are in the data or whether they agreed."
)

RECIPES: Final = (
    Recipe(
        role="detect",
        package=_BLAZEFACE,
        weights=SourceFile(
            path="package/face_detection_short_range.tflite",
            sha256="3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633",
        ),
        converter="tflite",
        precision="float16",
        gain=1 / 127.5,
        offset=(-1.0,),
        inputs=_pixels(128),
        outputs=(
            Port(name="regressors", dtype="float32", shape=(1, 896, 16), source="regressors"),
            Port(name="classificators", dtype="float32", shape=(1, 896, 1), source="classificators"),
        ),
        tolerance={"regressors": 1e-3, "classificators": 1e-3},
        purpose="BlazeFace short range: finds faces and six key points in a 128-pixel square (896 anchors).",
        training_data=_MEDIAPIPE_DATA,
        limits="Made for faces near the camera. Its error by skin tone, age and sex was not measured by us.",
    ),
    Recipe(
        role="mesh",
        package=_MEDIAPIPE,
        weights=SourceFile(
            path="mediapipe/modules/face_landmark/face_landmark.tflite",
            sha256="1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
        ),
        converter="tflite",
        precision="float16",
        gain=1 / 255,
        offset=(0.0,),
        inputs=_pixels(192),
        outputs=(
            Port(name="points", dtype="float32", shape=(468, 3), source="conv2d_21"),
            Port(name="presence", dtype="float32", shape=(1,), source="conv2d_31"),
        ),
        tolerance={"points": 1e-3, "presence": 1e-3},
        purpose="Face mesh: 468 points (x, y, z in pixels of the 192-pixel crop) and a presence logit.",
        training_data=_MEDIAPIPE_DATA,
        limits="Always returns 468 points; only `presence` says whether they lie on a face.",
    ),
    Recipe(
        role="embed",
        package=_FACE_API,
        weights=SourceFile(
            path="package/model/face_recognition_model.bin",
            sha256="b413e420d6840b2775fba32008db6f3cddb07d485967fb42cfcf379c16a8c589",
        ),
        manifest=SourceFile(
            path="package/model/face_recognition_model-weights_manifest.json",
            sha256="cbaffa501b0b9275a12b63357a6843e7e30c054e1c9151e1a5f879b26e32986b",
        ),
        converter="faceapi-embedding",
        precision="uint8",
        gain=1 / 255,
        offset=_FACE_API_OFFSET,
        inputs=_pixels(150),
        outputs=(Port(name="embedding", dtype="float32", shape=(1, 128)),),
        tolerance={"embedding": 3e-4},
        purpose="dlib's face recognition network (ResNet, 128 numbers), as converted by face-api.",
        training_data=(
            "About 3 million face images of 7485 people: FaceScrub, VGG-Face and, in the author's words, "
            '"a large number of images I scraped from the internet". The people in them never consented. '
            "The author put the weights into the public domain; that settles copyright, not consent."
        ),
        limits=(
            "Its output is biometric data. Errors differ between groups of people and were not measured by us. "
            "It is replaceable: the record names its embedder, so a consented one can take its place."
        ),
    ),
    Recipe(
        role="age",
        package=_FACE_API,
        weights=SourceFile(
            path="package/model/age_gender_model.bin",
            sha256="49f92bbc0afef2342c4385e4a2b0acb6d7a727c6f0aa539499719a81acf9abaa",
        ),
        manifest=SourceFile(
            path="package/model/age_gender_model-weights_manifest.json",
            sha256="74b60bf3ebf981bf4e661e9cca3a185614e10b25d797118b62e2a68d3ff2569f",
        ),
        converter="faceapi-age",
        precision="uint8",
        gain=1 / 255,
        offset=_FACE_API_OFFSET,
        inputs=_pixels(112),
        outputs=(Port(name="age", dtype="float32", shape=(1, 1)),),
        tolerance={"age": 1e-3},
        purpose="Estimated age in years. Used as a gate only; the source's gender head is left out.",
        training_data=(
            "UTK, FGNET, Chalearn, Wiki, IMDB, CACD, MegaAge and MegaAge-Asian, as face-api's tutorial says. "
            "FGNET holds photos of children. Several sets were collected without asking the people in them."
        ),
        limits=(
            "A mean error of about 5 years near 18 (the publisher's figure) cannot show that someone is an adult: "
            "the page refuses or asks below a margin. Never tested by us on minors."
        ),
    ),
)

RULER: Final = OwnGraph(
    role="ruler",
    version="1",  # the ruler id of the likeness record
    licence="Apache-2.0",
    purpose="Measures 24 ratios and five colours of a face from mesh points and the crop they lie in.",
    training_data=(
        "Nobody's face: no weights, only a table with median and spread of each ratio over people that our own "
        "renderer drew, measured by the same mesh."
    ),
    limits=(
        "It measures what the mesh believes, from one picture taken from the front. Colours depend on the light; "
        "the white balance is mild on purpose. Accuracy over skin tones was not measured."
    ),
)


def recipe(role: str) -> Recipe:
    """The row of one role.

    Raises:
        KeyError: no such role.
    """
    for row in RECIPES:
        if row.role == role:
            return row
    raise KeyError(role)
