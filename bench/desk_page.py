"""How long the desk's page takes: from a scan to the painted verdict, and from Enter to the number.

    python bench/desk_page.py [ROUNDS] [--no-goals]

A serial reader (a pty) and a page in Chromium, on the program as a process of its own.  In each of
40 rounds a card is read, and the visit is recorded by Enter; between them the page fetches a static
file and paints, which is the floor.  Prints a JSON line for each: the median and the 95th
percentile in milliseconds, and the median as a multiple of the floor; and the bytes that the page
loads, with the styles and scripts, as they are sent and unpacked.  Exit 1 if a goal is missed,
unless there is --no-goals: medians of 60 ms to the verdict and 150 ms to the number, and 150 KB.
"""

from __future__ import annotations

import argparse
import os
import pty
import statistics
import sys
import tempfile
import time
import tty
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.goals import Goals, quantile
from tests.browser import chromium
from tests.morning import Patient
from tests.process import READER, serving, site

MOST_MS = {"scan": 60, "number": 150}  # medians
MOST_KB = 150
WATCH = """() => {
  window.painted = {};
  const note = (name) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      window.painted[name] ??= performance.timeOrigin + performance.now();
    };
    channel.port2.postMessage(null);
  });
  new MutationObserver(() => {
    const pass = document.querySelector('.pass[data-reading]');
    if (pass) note('pass-' + pass.dataset.reading);
    if (pass && document.querySelector('.ticket-number')) note('number-' + pass.dataset.reading);
  }).observe(document.getElementById('verdict'), {childList: true, subtree: true});
}"""
NOTE_KEY = """() => document.addEventListener('keydown', () => {
  window.pressed = performance.timeOrigin + performance.now();
}, {once: true, capture: true})"""
LOADED = """(size) => [...performance.getEntriesByType('navigation'),
  ...performance.getEntriesByType('resource')].reduce((sum, entry) => sum + entry[size], 0)"""
FLOOR = """async () => {
  const began = performance.now();
  await (await fetch('/static/tokens.css', {cache: 'no-store'})).text();
  await new Promise((done) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = done;
    channel.port2.postMessage(null);
  }));
  return performance.now() - began;
}"""


def loaded_bytes(page: Any, url: str) -> tuple[int, int]:
    """Return how many bytes the page loads before anybody does something: as sent, and unpacked."""
    page.goto(url)
    page.wait_for_selector("#status *")
    page.wait_for_timeout(500)
    return page.evaluate(LOADED, "encodedBodySize"), page.evaluate(LOADED, "decodedBodySize")


def measure(page: Any, device: int, patient: Patient, reading: int) -> tuple[float, float]:
    """Record one patient; return the milliseconds to the verdict and to the number."""
    scanned = time.time() * 1000
    os.write(device, patient.payload.encode() + b"\r")
    page.wait_for_function(f"() => window.painted['pass-{reading}']")
    page.wait_for_selector(".pass[data-ready]")
    verdict = page.evaluate(f"() => window.painted['pass-{reading}']") - scanned
    page.evaluate(NOTE_KEY)
    page.keyboard.press("Enter")
    page.wait_for_function(f"() => window.painted['number-{reading}']")
    pressed = page.evaluate("() => window.pressed")
    return verdict, page.evaluate(f"() => window.painted['number-{reading}']") - pressed


def main() -> None:
    """Measure and print; exit 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rounds", type=int, nargs="?", default=40)
    parser.add_argument("--no-goals", action="store_true", help="exit 0 whatever is measured")
    wanted = parser.parse_args()
    goals, rounds = Goals(not wanted.no_goals), wanted.rounds
    device, port = pty.openpty()
    tty.setraw(device)
    tty.setraw(port)
    reader = READER.format(port=os.ttyname(port))
    verdicts, numbers, floors = [], [], []
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(*site(Path(folder), "", reader)) as server,
        chromium() as context,
    ):
        page = context.new_page()
        sent, unpacked = loaded_bytes(page, server.url)
        page.wait_for_selector("text=Đầu đọc front: sẵn sàng")
        page.evaluate(WATCH)
        for number in range(rounds):
            verdict, recorded = measure(
                page, device, Patient(number, f"Lê Văn {number}"), number + 1
            )
            verdicts.append(verdict)
            numbers.append(recorded)
            floors.append(page.evaluate(FLOOR))
    floor = statistics.median(floors)
    goals.show("floor: a static file, painted", median_ms=round(floor, 1), n=rounds)
    for name, took in (("scan", verdicts), ("number", numbers)):
        median, p95 = statistics.median(took), round(quantile(took, 0.95), 1)
        ratio = round(median / floor, 2)
        goals.check(name, median, MOST_MS[name], unit="ms, median", ratio=ratio, p95_ms=p95)
    goals.check("page as it is sent", sent / 1000, MOST_KB, unit="KB", unpacked=unpacked)
    goals.end()


if __name__ == "__main__":
    main()
