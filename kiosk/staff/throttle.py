"""Slow guesses of PINs down, and never lock the hospital out.

Buckets of tries that fill again with time.  A browser at which somebody has signed in before (it
has a device cookie) uses a bucket of its own, which nobody elsewhere can empty.  All others share
three:

    bucket     key                             tries   one more each
    device     account + device                8       30 s
    pair       account + address               5       60 s
    unknown    account, browsers not known     10      60 s
    address    address                         30      10 s

A try is taken from all of its buckets or from none, before the PIN is hashed.  The buckets are in
memory, and a restart empties them.  Time is that of a clock that nobody can set.
"""

from __future__ import annotations

import ipaddress
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from kiosk.staff.errors import TooManyTries

MAX_BUCKETS = 20_000
MAX_KEY = 40  # characters of a typed number or a device


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many tries a bucket holds, and after how many seconds one comes back."""

    name: str
    tries: int
    refill_s: float


DEVICE = Bucket("device", 8, 30)
PAIR = Bucket("pair", 5, 60)
UNKNOWN = Bucket("unknown", 10, 60)
ADDRESS = Bucket("address", 30, 10)


class Throttle:
    """The buckets. `seconds` is a clock that only grows."""

    def __init__(self, seconds: Callable[[], float], most: int = MAX_BUCKETS) -> None:
        self._seconds, self._most = seconds, most
        # Called with the name of the bucket of each try that is refused.
        self.observe: Callable[[str], None] = lambda _bucket: None
        self._levels: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, account: str, address: str, device: str) -> None:
        """Take a try of `account`, as it was typed, from an address and a known device.

        `device` is empty for a browser at which nobody has signed in before.  Raises TooManyTries
        if one of the buckets is empty; then nothing was taken.
        """
        now = self._seconds()
        buckets = _buckets(account, address, device)
        with self._lock:
            levels = [self._level(bucket, key, now) for bucket, key in buckets]
            waits = [
                (bucket.refill_s * (1 - level), bucket.name)
                for (bucket, _), level in zip(buckets, levels, strict=True)
                if level < 1
            ]
            if waits:
                worst = max(waits)
                self.observe(worst[1])
                raise TooManyTries(*worst)
            for (bucket, key), level in zip(buckets, levels, strict=True):
                self._keep(bucket, key, level - 1, now)

    def give_back(self, account: str, address: str, device: str) -> None:
        """Give the last try back: it was a sign-in."""
        now = self._seconds()
        with self._lock:
            for bucket, key in _buckets(account, address, device):
                level = min(self._level(bucket, key, now) + 1, bucket.tries)
                self._keep(bucket, key, level, now)

    def __len__(self) -> int:
        """Return how many buckets are kept."""
        return len(self._levels)

    def _level(self, bucket: Bucket, key: str, now: float) -> float:
        level, at = self._levels.get((bucket.name, key), (float(bucket.tries), now))
        return min(bucket.tries, level + (now - at) / bucket.refill_s)

    def _keep(self, bucket: Bucket, key: str, level: float, now: float) -> None:
        self._levels[bucket.name, key] = (level, now)
        self._levels.move_to_end((bucket.name, key))
        while len(self._levels) > self._most:
            self._levels.popitem(last=False)  # the one that was used longest ago


def _buckets(account: str, address: str, device: str) -> list[tuple[Bucket, str]]:
    account, device = account[:MAX_KEY], device[:MAX_KEY]
    if device:
        return [(DEVICE, f"{account} {device}")]
    place = _network_of(address)
    return [(PAIR, f"{account} {place}"), (UNKNOWN, account), (ADDRESS, place)]


def _network_of(address: str) -> str:
    """Return an address; of IPv6 its /64, in which one machine may take any address."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:MAX_KEY]
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
