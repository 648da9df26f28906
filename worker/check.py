"""``python -m worker --check``: would this machine serve, and does it draw what the bundle's maker drew?"""

import time
from collections.abc import Callable

from schemas.errors import BundleRefused
from worker import models
from worker.diffusion.parity import difference
from worker.diffusion.portrait import open_studio
from worker.diffusion.sessions import PROVIDERS, RUNTIME_VERSION
from worker.settings import Settings
from worker.software import software_digest


def check(settings: Settings, say: Callable[[str], None]) -> None:
    """Load every bundle, draw its parity vectors, and say what was found.

    Raises:
        LikenessError: the first thing that would keep this worker from serving.
    """
    say(f"software {software_digest()}")
    for folder in settings.bundles:
        started = time.monotonic()
        bundle = models.find_bundle(folder, settings.licences)
        manifest = bundle.manifest
        models.require_runtime(manifest, RUNTIME_VERSION, PROVIDERS[settings.provider])
        studio = open_studio(manifest, models.read_graphs(bundle), provider=settings.provider, threads=settings.threads)
        say(f"bundle {manifest.name} {manifest.version} {bundle.digest}")
        say(f"  runs on {studio.step.provider}, onnxruntime {RUNTIME_VERSION}, {settings.threads} threads")
        say(f"  loaded in {time.monotonic() - started:.2f} s")
        if not manifest.parity:
            say("  has no parity vector: nothing to compare")
        for vector in manifest.parity:
            started = time.monotonic()
            off = difference(studio, vector)
            say(f"  style {vector.style}: {time.monotonic() - started:.2f} s, off by {off:.3f} of {vector.tolerance}")
            if not off <= vector.tolerance:
                raise BundleRefused("this machine draws another picture than the bundle's maker")
