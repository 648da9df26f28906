"""Every error code in one list: those of the tree in errors.py, and those that only the browser raises."""

from schemas.errors import LikenessError

PHOTO_CODES: dict[str, str] = {
    "photo-type": "The file is not a photo this page can read (JPEG, PNG or WebP).",
    "photo-heic": "The photo is HEIC, which this browser cannot read.",
    "photo-animated": "The file is an animation, not one photo.",
    "photo-corrupt": "The photo is damaged and cannot be read.",
    "photo-too-large": "The photo is larger than 30 MB or 100 megapixels.",
    "photo-too-small": "The photo is smaller than 200 pixels on a side.",
    "no-face": "No face was found.",
    "many-faces": "More than one face was found.",
    "face-too-small": "The face is too small in the photo.",
    "face-cut-off": "The face is cut off by the edge of the photo.",
    "face-turned": "The face is turned too far away.",
    "face-blurred": "The face is not sharp enough.",
    "face-dark": "The face is too dark or too bright.",
    "age-refused": "This service is for adults, and the estimate was not clearly adult.",
    "models-unavailable": "The models could not be loaded or differ from their digests.",
    "browser-unsupported": "This browser lacks something the page needs (WebAssembly, Ed25519 or Web Workers).",
    "camera-unavailable": "The camera could not be used.",
    "gateway-unreachable": "The gateway did not answer.",
    "not-expected": "Something unexpected happened in the page.",
}


def all_codes() -> dict[str, type[LikenessError]]:
    """Every concrete error class by its code.

    Raises:
        RuntimeError: two classes share a code (a defect that the rule tests would show).
    """
    found: dict[str, type[LikenessError]] = {}
    todo: list[type[LikenessError]] = [LikenessError]
    while todo:
        cls = todo.pop()
        todo.extend(cls.__subclasses__())
        if found.setdefault(cls.code, cls) is not cls:
            raise RuntimeError(f"two errors with code {cls.code}")
    return dict(sorted(found.items()))


def from_code(code: str, detail: str = "") -> LikenessError:
    """The error that a peer named by code; an unknown code becomes the root class with the code in its text."""
    cls = all_codes().get(code)
    return cls(detail) if cls else LikenessError(f"{code}: {detail}")
