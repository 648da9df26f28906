#!/usr/bin/env bash
# Runs Python 3.11 or newer: $PYTHON when it is set, else the newest one on PATH.
set -euo pipefail

for python in ${PYTHON:-python3.14 python3.13 python3.12 python3.11 python3}; do
  if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    exec "$python" "$@"
  fi
done
echo "Likeness needs Python 3.11 or newer; none found (set PYTHON to point at one)." >&2
exit 1
