#!/bin/sh
# Runs postprovision.ts with the project's own Node.js, or with the machine's if that one runs TypeScript (22.18 and later).
set -eu
folder=$(cd "$(dirname "$0")" && pwd)
for node in "$folder/../../node_modules/.bin/node" node; do
  if "$node" -e 'process.exit(process.features.typescript ? 0 : 1)' 2>/dev/null; then
    exec "$node" "$folder/postprovision.ts"
  fi
done
echo 'Node.js 22.18 or later is needed to make the keys of the vault: run npm ci, or install it.' >&2
exit 1
