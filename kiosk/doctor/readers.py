"""The checks of readers, without opening a port: the running program has them open.

1. What is attached is asked of the system; a reader that it does not list is not plugged in.
2. The running program knows whether it hears the reader. That counts while the program runs.
3. A camera or a port on the network can only be known from the running program.
"""

from __future__ import annotations

from pathlib import Path

from kiosk.doctor.check import BAD, GOOD, UNKNOWN, Check
from kiosk.doctor.observations import ReaderSeen
from kiosk.doctor.words import Words, plain
from kiosk.doctor.words import words as _
from kiosk.settings import ReaderPort
from scanner import ReaderLost, attached_ports, device_of

PLUG_IN = _("Plug it in, or name another port; `readers` lists the attached ones.")


def reader_check(port: ReaderPort, seen: ReaderSeen | None = None) -> Check:
    """Check a reader of the settings; `seen` is what the program that runs now sees of it."""
    what = _("reader %(name)s", name=port.name)

    def check(state: str, words: Words, do: Words | None = None) -> Check:
        known = {"good": GOOD, "bad": BAD, "unknown": UNKNOWN}[state]
        return Check("reader", what, known, words, do, subject=port.name)

    is_far = port.kind == "camera" or "://" in port.port
    if not is_far:
        lost = _lost(port.port)
        if lost is not None:
            return check("bad", lost, PLUG_IN)
    if seen is None:
        if is_far:
            words = _("%(port)s: known only while the program runs", port=port.port)
            return check("unknown", words, _("Start the program, then look again."))
        return check("good", _("attached as %(device)s", device=device_of(port.port)))
    if seen.up:
        return check("good", _("%(port)s: the program hears it", port=port.port))
    words = _("%(port)s: the program does not hear it", port=port.port)
    do = _("Check its cable, its power and [[readers]]; then open the page Readers and check it.")
    return check("bad", words.then(plain(seen.why), ": ") if seen.why else words, do)


def _lost(port: str) -> Words | None:
    """Return why a reader is not attached; None if it is."""
    try:
        device = device_of(port)
    except ReaderLost as exc:
        return plain(str(exc))
    devices = {attached.device for attached in attached_ports()}
    if device not in devices and not Path(device).is_char_device():
        return _("%(device)s: not attached", device=device)
    return None
