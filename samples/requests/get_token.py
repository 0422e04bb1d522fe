"""Get a token with Python's standard library, and print it.

BROKER_URL, BROKER_KEY, BROKER_USERNAME and BROKER_PASSWORD come from the environment.
The password may be the secret of a connection: docs/connections.md.
"""

import json
import os
import sys
import urllib.error
import urllib.request

request = urllib.request.Request(
    os.environ["BROKER_URL"] + "/requesttoken",
    data=json.dumps(
        {
            "username": os.environ["BROKER_USERNAME"],
            "password": os.environ["BROKER_PASSWORD"],
        }
    ).encode(),
    headers={
        "Content-Type": "application/json",
        "x-functions-key": os.environ.get("BROKER_KEY", ""),
    },
)
try:
    # The broker itself gives up after 20 seconds.
    with urllib.request.urlopen(request, timeout=110) as response:
        print(json.load(response)["accesstoken"])
except urllib.error.HTTPError as error:
    # JSON with `remedy`, but for the platform's own empty 401 (wrong key) and 404 (wrong address).
    sys.exit(error.read().decode() or f"{error.code} {error.reason}")
