#!/usr/bin/env bash
# Sees to it that uv is there: the one on PATH, else the pinned release from its wheel, as .build/bin/uv.
set -euo pipefail
pinned=0.13.9

# `uv --version`, not `command -v`: a shim may be on PATH with nothing behind it.
uv --version >/dev/null 2>&1 && exit
echo "==> uv $pinned into .build/uv"
if ! .ci/python.sh -m venv .build/uv >/dev/null 2>&1; then
  .ci/debian.sh python3-venv # Debian ships Python without it
  .ci/python.sh -m venv --clear .build/uv
fi
.build/uv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$pinned"
mkdir -p .build/bin
ln -sf ../uv/bin/uv .build/bin/uv
