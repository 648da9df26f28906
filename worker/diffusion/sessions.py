"""The only file that imports onnxruntime: graphs that run on the provider that was asked for, on buffers of ours.

Settings that decide what stays in memory: no CPU arena and no memory pattern, so that scratch memory goes back to the
allocator, which overwrites it (worker/README.md, "Memory").
"""

import os
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

# onnxruntime 1.29 and later write an identifier to the disk and call their maker unless this stands before the import.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import onnxruntime as ort

from schemas.errors import BundleDamaged, ProviderMissing

Array = npt.NDArray[np.generic]

RUNTIME_VERSION: Final[str] = ort.__version__
PROVIDERS: Final[dict[str, str]] = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
DTYPES: Final[dict[str, type[np.generic]]] = {
    "tensor(float)": np.float32,
    "tensor(int64)": np.int64,
    "tensor(uint8)": np.uint8,
}
FATAL: Final = 4
"""Log level: onnxruntime's warnings quote shapes and names, and nobody reads a child's log."""


class Graph:
    """One ONNX graph. Inputs and outputs are numpy arrays that the caller owns and can overwrite."""

    def __init__(self, raw: bytes, *, provider: Literal["cpu", "cuda"], threads: int) -> None:
        """Raises ProviderMissing when ``provider`` is not what would run, BundleDamaged when ``raw`` is no graph."""
        wanted = PROVIDERS[provider]
        if wanted not in ort.get_available_providers():
            raise ProviderMissing(f"this onnxruntime has no {wanted}")
        if provider == "cuda":
            ort.preload_dlls()  # CUDA and cuDNN from their wheels
        try:
            self._session = ort.InferenceSession(raw, _options(threads), providers=[wanted])
        except Exception as error:  # onnxruntime's own exception classes are not public
            raise BundleDamaged("a graph cannot be loaded") from error
        # onnxruntime falls back to the CPU without a word.
        self.provider: str = self._session.get_providers()[0]
        if self.provider != wanted:
            raise ProviderMissing(f"{self.provider} would run instead of {wanted}")
        self.inputs = {node.name: node for node in self._session.get_inputs()}
        self.outputs = {node.name: node for node in self._session.get_outputs()}

    def output(self, name: str) -> Array:
        """A zeroed array of the shape and type that the graph declares for ``name``.

        Raises:
            BundleDamaged: no such output, or its shape is not fixed.
        """
        node = self.outputs.get(name)
        if node is None or node.type not in DTYPES or not all(isinstance(n, int) for n in node.shape):
            raise BundleDamaged(f"a graph does not declare the output {name} with a fixed shape")
        return np.zeros(node.shape, DTYPES[node.type])

    def run(self, feeds: dict[str, Array], outputs: dict[str, Array]) -> None:
        """Fill ``outputs`` (C-contiguous) from ``feeds``, of which only the inputs that the graph declares are used.

        Raises:
            BundleDamaged: the graph declares an input that is not fed, or feeds and outputs do not fit it.
        """
        if not self.inputs.keys() <= feeds.keys():
            raise BundleDamaged("a graph declares an input that nothing feeds")
        binding = self._session.io_binding()
        for name in self.inputs:
            binding.bind_cpu_input(name, feeds[name])
        for name, array in outputs.items():
            binding.bind_output(name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)
        try:
            self._session.run_with_iobinding(binding)
        except Exception as error:  # as above; its text may quote values, so it goes no further
            raise BundleDamaged("a graph refused its inputs") from error


def _options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = FATAL
    # A warm child waits without using the processor.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    return options
