#!/bin/sh
# Get a token with curl, and print it.
# BROKER_URL, BROKER_KEY, BROKER_USERNAME and BROKER_PASSWORD come from the environment.
# The password may be the secret of a connection: docs/connections.md.
#
# Key and credentials go in by a configuration on stdin: arguments can be read by everybody on the machine (`ps`).
# The body is a client profile alone; the credentials are Basic.
set -eu

# As curl's configuration has strings.
quoted() { printf '%s' "$1" | sed 's/[\\"]/\\&/g'; }

answer=$(
  curl --silent --show-error --max-time 110 --config - <<EOF
url = "$BROKER_URL/requesttoken"
header = "Content-Type: application/json"
header = "x-functions-key: $(quoted "${BROKER_KEY:-}")"
user = "$(quoted "$BROKER_USERNAME:$BROKER_PASSWORD")"
data = "{}"
EOF
)

# Flat JSON, and a token has no quotation mark in it: no JSON program is needed.
token=$(printf '%s' "$answer" | sed -n 's/.*"accesstoken" *: *"\([^"]*\)".*/\1/p')
if [ -z "$token" ]; then
  # An error holds no secret: `remedy` says what to do.
  printf '%s\n' "$answer" >&2
  exit 1
fi
printf '%s\n' "$token"
