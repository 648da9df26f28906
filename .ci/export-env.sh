#!/usr/bin/env bash
# Makes .venv-export, which has torch: export-env.sh [core|full].
#
# Everything but torch comes hashed from a lock. torch comes last and from plain pip, for two reasons: its build (CPU,
# or one of several CUDA versions) is the choice of the machine's owner, so no hash fits all; and pip honours the
# places that the owner told it to look for wheels (PIP_FIND_LINKS, PIP_INDEX_URL), where a small CPU build may lie.
# On Linux the build that the public registry serves brings several GB of CUDA along.
set -euo pipefail
case "${1:-core}" in
  core) lock=.locks/export-core.txt ;;
  full) lock=.locks/export.txt ;;
  *) echo "usage: .ci/export-env.sh [core|full]" >&2; exit 2 ;;
esac

python=.venv-export/bin/python
[ -x "$python" ] || .ci/python.sh -m venv .venv-export
uv pip install --python "$python" --require-hashes -r "$lock" -r .locks/test.txt
"$python" -m pip install --disable-pip-version-check "$(grep -o 'torch==[0-9.]*' pyproject.toml | head -n 1)"
