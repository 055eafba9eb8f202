"""All parts of the staff, on one logbook and one secret file.

The secret file is made when it is needed first: a site without members has none.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from pathlib import Path

from kiosk.logbook import Database
from kiosk.runtime.secret_file import read_or_make_secret
from kiosk.runtime.steady_clock import SteadyClock
from kiosk.staff.approvals import Approvals
from kiosk.staff.asking import Askers
from kiosk.staff.badges import Badges, ShownBadges
from kiosk.staff.devices import Devices
from kiosk.staff.first_code import FirstCodes
from kiosk.staff.members import Members
from kiosk.staff.networks import OwnNetworks
from kiosk.staff.pins import Pins
from kiosk.staff.second_factor import SecondFactor
from kiosk.staff.sessions import Sessions
from kiosk.staff.sign_in import SignIn
from kiosk.staff.throttle import Throttle
from kiosk.staff.tokens import ApiTokens


class Staff:
    """The parts of a staff. `secret_file` is where the key of the PINs lies, or will lie.

    A page is locked after `idle_s` seconds.  Number and PIN are enough in `pin_networks`.

    What needs the key raises SettingsError if the file cannot be read or made.
    """

    def __init__(
        self,
        database: Database,
        secret_file: Path,
        steady: SteadyClock,
        idle_s: float,
        pin_networks: Iterable[str] = (),
    ) -> None:
        self._networks = OwnNetworks(pin_networks)
        self._database, self._secret_file = database, secret_file
        self.members = Members(database)
        self.badges = Badges(database)
        self.shown_badges = ShownBadges(self.badges, steady)
        self.sessions = Sessions(database, steady, idle_s)
        self.approvals = Approvals(database, steady)
        self.tokens = ApiTokens(database)
        self.first_codes = FirstCodes(database)
        self.throttle = Throttle(steady)
        self.askers = Askers(self.members, self.sessions)
        self._observe_sign_in: Callable[[str], None] = lambda _result: None

    def observe(self, sign_in: Callable[[str], None], throttled: Callable[[str], None]) -> None:
        """Call `sign_in` with how each try ends, `throttled` with the bucket of a refused one."""
        self._observe_sign_in, self.throttle.observe = sign_in, throttled

    @functools.cached_property
    def _key(self) -> bytes:
        return read_or_make_secret(self._secret_file)

    @functools.cached_property
    def pins(self) -> Pins:
        """The PINs."""
        return Pins(self._database, self._key)

    @functools.cached_property
    def factor(self) -> SecondFactor:
        """The second factors of administrators."""
        return SecondFactor(self._database, self._key)

    @functools.cached_property
    def devices(self) -> Devices:
        """The browsers at which somebody has signed in before."""
        return Devices(self._key)

    @functools.cached_property
    def sign_in(self) -> SignIn:
        """What decides about tries to sign in."""
        sign_in = SignIn(
            self._database,
            self.members,
            self.pins,
            self.factor,
            self.badges,
            self.throttle,
            self._networks,
        )
        sign_in.observe = lambda result: self._observe_sign_in(result)
        return sign_in
