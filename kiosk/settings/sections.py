"""The values of all settings, section by section; config/kiosk.toml says what each is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Facility:
    """This clinic, as the insurer knows it."""

    code: str
    name: str
    level: Literal["", "ban_dau", "co_ban", "chuyen_sau"]
    score: int
    former_tier: Literal["", "xa", "huyen", "tinh", "trung_uong", "none"]
    listed: Literal["", "yes", "no"]


@dataclass(frozen=True, slots=True)
class Insurer:
    """The gateway and our account there. Without a url nothing is asked and nothing sent."""

    url: str
    username: str
    password_file: str
    staff_name: str
    staff_cccd: str
    ask: Literal["always", "unsure", "never"]
    ask_per_hour: int
    ask_history: Literal["yes", "no"]
    check_in: Literal["Qd3176", "Qd4750", "Qd130"]
    sign_file: str
    sign_password_file: str
    ask_timeout_s: int
    send_timeout_s: int


@dataclass(frozen=True, slots=True)
class Cautions:
    """From how many on something is worth a look; 0: never."""

    facilities_in_30_days: int
    visits_in_30_days: int
    checks_elsewhere: int


@dataclass(frozen=True, slots=True)
class TrustSettings:
    """Whose signatures are believed."""

    keys_file: str
    revocations_file: str


@dataclass(frozen=True, slots=True)
class FeedSettings:
    """Where synced data come from. Without an url and a folder nothing is fetched."""

    url: str
    folder: str
    root_file: str
    every_minutes: int
    longest_minutes: int


@dataclass(frozen=True, slots=True)
class FreshnessLimits:
    """How old each set of data may be: told after `soft`, not used any more after `hard`."""

    soft_hours: int
    hard_days: int
    keys_soft_hours: int
    keys_hard_days: int
    revocations_soft_hours: int
    revocations_hard_days: int
    tables_soft_days: int


@dataclass(frozen=True, slots=True)
class Web:
    """Where the pages are served."""

    host: str
    port: int
    screens: int


@dataclass(frozen=True, slots=True)
class VisitDefaults:
    """What a visit is where the desk says nothing else."""

    service_code: str
    service_name: str
    room: str
    care: str
    self_arrival_code: str


@dataclass(frozen=True, slots=True)
class ReaderPort:
    """A reader and where it is attached."""

    name: str
    kind: Literal["serial", "camera"]
    port: str
    baud: int = 115_200
    desk: str = ""  # whose pages show its scans; empty: all
    framing: Literal["marks", "silence"] = "marks"
    silence_ms: int = 0  # 0: what suits the port
    prefix: str = ""
    suffix: str = ""
    encoding: Literal["utf-8", "gb18030"] = "utf-8"


@dataclass(frozen=True, slots=True)
class DeskRule:
    """What holds at one desk only; a reader names its desk."""

    name: str
    ask: Literal["always", "unsure", "never"]


@dataclass(frozen=True, slots=True)
class Settings:
    """All of them."""

    facility: Facility
    insurer: Insurer
    cautions: Cautions
    trust: TrustSettings
    feed: FeedSettings
    freshness: FreshnessLimits
    web: Web
    visit: VisitDefaults
    readers: tuple[ReaderPort, ...] = ()
    desks: tuple[DeskRule, ...] = ()

    def ask_at(self, reader: str) -> str:
        """Return when the insurer is asked about what this reader reads."""
        desk = next((port.desk for port in self.readers if port.name == reader), "")
        rules = {rule.name: rule.ask for rule in self.desks}
        return rules.get(desk, self.insurer.ask)
