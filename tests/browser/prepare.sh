#!/bin/bash
# Installs what run.mjs needs into a folder outside the source tree:
#     tests/browser/prepare.sh build/dev/browser
# Nothing is done when the folder is ready for this package-lock.json. May run twice at once.
set -euo pipefail

if [[ $# -ne 1 ]]; then
    echo "usage: $0 FOLDER" >&2
    exit 64
fi
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
stamp=$folder/ready

exec 9>"$folder/lock"
flock 9

wanted=$(cat "$here/package.json" "$here/package-lock.json" "$here/.npmrc" | sha256sum)
if [[ -f $stamp && $(<"$stamp") == "$wanted" ]]; then
    exit 0
fi
rm -f "$stamp"
cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$folder/"
# Certificates that this machine trusts besides those that Node.js brings.
trusted=/etc/ssl/certs/ca-certificates.crt
if [[ -z ${NODE_EXTRA_CA_CERTS:-} && -r $trusted ]]; then
    export NODE_EXTRA_CA_CERTS=$trusted
fi
(cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund 9>&-)
echo "$wanted" >"$stamp.new"
mv "$stamp.new" "$stamp"
