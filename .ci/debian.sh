#!/usr/bin/env bash
# Installs a Debian package where that is allowed, else says how to get it: debian.sh PACKAGE [PROGRAM...].
# Does nothing when one of the programs is on PATH.
set -euo pipefail
package=$1
shift

for program in "$@"; do
  command -v "$program" >/dev/null && exit
done

if [ "$(id -u)" = 0 ]; then
  as_root=()
elif sudo -n true 2>/dev/null; then
  as_root=(sudo -n)
else
  as_root=(false)
fi

if command -v apt-get >/dev/null && [ "${as_root[*]}" != false ]; then
  echo "==> apt-get install $package"
  log=$(mktemp)
  apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q "$@" >>"$log" 2>&1; }
  # The lists may be missing or old on a fresh machine: refresh them only when the package is not found with them.
  apt install -y --no-install-recommends "$package" || { apt update && apt install -y --no-install-recommends "$package"; } \
    || { tail -n 20 "$log" >&2; exit 1; }
  rm -f "$log"
  exit
fi

echo "Likeness needs ${1:-$package}, and this account may not install it. Any one of these brings it:" >&2
echo "  Debian, Ubuntu:  sudo apt-get install $package" >&2
case "$package" in
  nats-server)
    echo "  macOS:           brew install nats-server" >&2
    echo "  elsewhere:       a release archive of nats-io/nats-server on GitHub (2.12.6 or newer); put the program on PATH" >&2
    ;;
  swtpm | tpm2-tools) echo "  elsewhere:       the package of that name (tests need both; a worker with a TPM, tpm2-tools)" >&2 ;;
  chromium) echo "  elsewhere:       any Chromium or Chrome as 'chromium' on PATH (only the browser tests need it)" >&2 ;;
esac
exit 1
