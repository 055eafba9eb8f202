"""Serve the demonstration of an installed program, scan a card and record a visit."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
import uuid

# The pretend card of the README that is in force.
PAYLOAD = (
    "9999900001|4e677579e1bb856e2056c4836e20416e|01/02/1980|1|-|01 - 999|01/01/2024|-|01/01/2024"
    "|01019999900001|-|4| 01/01/2029|000000000000001-7102|4"
    "|5175e1baad6e205468e1bbad2c205468c3a06e68207068e1bb91204de1baab75|$"
)


def post(url: str, body: dict[str, object]) -> dict[str, object]:
    """Send `body` as JSON, and return the answer."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        result = json.load(answer)
        assert isinstance(result, dict)
        return result


def main() -> None:
    """Try the program that the first argument names."""
    words = [sys.argv[1], "serve", "--demo", "--port", "0", "--no-browser"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            url = running.stdout.readline().split()[1]
            scan = post(f"{url}/api/scans", {"payload": PAYLOAD})
            assert scan["outcome"] == "admitted", scan["reason"]
            visit = post(f"{url}/api/visits", {"attempt": scan["attempt"]})
            assert visit["ticket"], visit
            with urllib.request.urlopen(f"{url}/", timeout=20) as page:
                assert b"/static/tokens.css" in page.read()
            print("served, scanned a card, recorded a visit")
        finally:
            running.terminate()


if __name__ == "__main__":
    main()
