#!/usr/bin/env bash
# Remakes .locks/: exact versions with hashes for every group, valid on every platform from Python 3.11 on.
#
# Requirements files instead of uv.lock, because that one names the hosts of registries, and a lock must not say where
# its reader gets packages from. dev.txt comes first and binds the others, so that all can live in one environment.
# uv's options change versions: `make lock LOCK="--upgrade"`, `make lock LOCK="--upgrade-package litestar"`.
set -euo pipefail
read -ra options <<<"${LOCK:-}"

compile() { # compile OUTPUT UV-OPTIONS...
  local output=.locks/$1
  shift
  echo "    $output"
  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
    --no-emit-find-links --output-file "$output" "$@" "${options[@]}"
}

bound=(--constraint .locks/dev.txt)
no_cuda=(--override .locks/torch-without-cuda.in --no-emit-package torch)

compile dev.txt pyproject.toml --extra gateway --extra worker --extra edge --group dev
compile test.txt --group test "${bound[@]}"
compile gateway.txt pyproject.toml --extra gateway "${bound[@]}"
compile worker.txt pyproject.toml --extra worker "${bound[@]}"
compile worker-gpu.txt pyproject.toml --extra worker-gpu "${bound[@]}"
compile edge.txt pyproject.toml --extra edge "${bound[@]}"
compile export.txt pyproject.toml --extra export "${bound[@]}" "${no_cuda[@]}"
compile export-core.txt pyproject.toml --extra export-core --constraint .locks/export.txt "${bound[@]}" "${no_cuda[@]}"
compile build.txt .locks/build.in
compile node.txt .locks/node.in
