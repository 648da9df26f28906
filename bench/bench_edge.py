"""How long does a browser take from a photo to its embedding, and how much does it download for that?

Chromium, headless, without a GPU. Our vision worker with our models against @vladmandic/face-api and @vladmandic/human,
which the page could have used instead: the same photo, the same server, each with an age estimate. The peers are
installed into .cache/bench, and only there.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import PIL.Image
import skimage.data
from pytest_benchmark.fixture import BenchmarkFixture

from bench import machine
from bench.machine import ROOT
from bench.notebook import Notebook

PACKAGES: Final = {
    "@tensorflow/tfjs-backend-wasm": "4.22.0",
    "@vladmandic/face-api": "1.7.15",
    "@vladmandic/human": "3.3.6",
    "playwright-core": "1.65.1",
}
PEERS: Final = {"face_api": "@vladmandic/face-api", "human": "@vladmandic/human"}
CACHE: Final = ROOT / ".cache" / "bench"
PAGE: Final = ROOT / ".build" / "web"
MODELS: Final = ROOT / ".build" / "edge"
VISITS: Final = 5
ROUNDS: Final = 20
MORE: Final = (
    "Each timed call starts from the photo's file. Ours does more in it: it looks at five parts of the photo for a"
    " second face, checks size, pose, sharpness and light, and measures 24 ratios and 5 colours."
)


def bench_edge(benchmark: BenchmarkFixture, notebook: Notebook, tmp_path: Path) -> None:
    _install()
    PIL.Image.fromarray(skimage.data.astronaut()).save(tmp_path / "photo.png")  # type: ignore[no-untyped-call]
    told = benchmark.pedantic(_drive, args=(tmp_path / "photo.png",), rounds=1)  # type: ignore[no-untyped-call]
    notebook.versions = _versions() | {"chromium": told["version"]}
    ours = told["ours"]
    for key, unit, what in (
        ("warm", "ms", "photo to embedding, once all is loaded"),
        ("ready", "s", "page opened with nothing in the cache, until all is loaded"),
        ("first", "s", "page opened with nothing in the cache, until the first embedding"),
    ):
        for who, peer in PEERS.items():
            notebook.row(what, unit, ours[key], peer=peer, against=told[who][key])
    for who, peer in PEERS.items():
        sizes = [[float(sum(told[side]["fetched"].values()))] for side in ("ours", who)]
        notebook.row("download for the first embedding, brotli", "MB", sizes[0], peer=peer, against=sizes[1])
    notebook.row("beside it, our page itself (HTML, script, style), brotli", "MB", [float(_page_bytes())])
    for note in _notes(told):
        notebook.note(note)


def _install() -> None:
    """The packages of edge/package.json stand in .cache/bench, as its lock says."""
    wanted = (Path(__file__).parent / "edge" / "package-lock.json").read_bytes()
    mark = CACHE / "node_modules" / ".made"
    if mark.exists() and mark.read_bytes() == wanted:
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(Path(__file__).parent / "edge" / name, CACHE / name)
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=CACHE, check=True)
    mark.write_bytes(wanted)


def _drive(photo: Path) -> dict[str, Any]:
    """What edge/drive.mjs told of each contender."""
    packages = CACHE / "node_modules"
    (wasm,) = PAGE.glob("ort-*.wasm")
    asked = {
        "packages": str(CACHE),
        "chromium": _chromium(),
        "photo": str(photo),
        "cache": str(CACHE / "br"),
        "wasm": wasm.name,
        "visits": VISITS,
        "rounds": ROUNDS,
        "folders": {
            "bench": str(Path(__file__).parent / "edge"),
            "ours": str(PAGE),
            "models": str(MODELS),
            "face-api": str(packages / "@vladmandic" / "face-api"),
            "human": str(packages / "@vladmandic" / "human"),
            "tfjs": str(packages / "@tensorflow" / "tfjs-backend-wasm" / "dist"),
        },
    }
    driver = Path(__file__).parent / "edge" / "drive.mjs"
    done = subprocess.run(["node", str(driver), json.dumps(asked)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _chromium() -> str:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        raise RuntimeError("Chromium is not installed (see the Makefile)")
    return found


def _versions() -> dict[str, str]:
    package = json.loads((Path(__file__).parent / "edge" / "package.json").read_text("utf-8"))
    web = json.loads((ROOT / "gateway" / "web" / "package.json").read_text("utf-8"))
    runtime: dict[str, str] = {"onnxruntime-web": web["dependencies"]["onnxruntime-web"]}
    peers: dict[str, str] = package["dependencies"]
    return machine.versions() | runtime | peers


def _page_bytes() -> int:
    """What a first visit loads beside the vision worker, its runtime and its models."""
    shown = [file for file in PAGE.iterdir() if file.suffix in {".html", ".css", ".js"} and file.name != "vision.js"]
    twins = [file.with_name(f"{file.name}.br") for file in shown]
    return sum((twin if twin.exists() else file).stat().st_size for file, twin in zip(shown, twins, strict=True))


def _notes(told: dict[str, Any]) -> list[str]:
    numbers = ", ".join(f"{peer} {told[who]['numbers']}" for who, peer in PEERS.items())
    runtimes = sorted({path.rpartition("/")[2] for who in PEERS for path in told[who]["fetched"] if "/tfjs/" in path})
    threads = ", ".join(f"{peer} {told[who]['threads']}" for who, peer in PEERS.items())
    return [
        f"Numbers in an embedding: ours {told['ours']['numbers']}, {numbers}. face-api's net is the one we use.",
        MORE,
        f"The peers run on their wasm backend ({', '.join(runtimes)}; threads: {threads}), ours on one thread.",
        "Not measured: a graphics card, which may change the order, and the line: the server is on loopback.",
        "Bytes are what the server sent, brotli 11 (10 from 4 MiB on) for all.",
    ]
