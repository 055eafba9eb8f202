"""The values of all settings, section by section. config/kiosk.toml explains each of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from kiosk.runtime.proxies import Proxies, open_proxies


@dataclass(frozen=True, slots=True)
class FacilityCode:
    """A code of this clinic, and the first and the last day on which it is valid."""

    code: str
    valid_from: date = date.min
    valid_until: date = date.max


@dataclass(frozen=True, slots=True)
class Facility:
    """This clinic, as the insurer knows it."""

    code: str
    name: str
    level: Literal["", "ban_dau", "co_ban", "chuyen_sau"]
    score: int
    former_tier: Literal["", "xa", "huyen", "tinh", "trung_uong", "none"]
    listed: Literal["", "yes", "no"]
    codes: tuple[FacilityCode, ...] = ()  # if the code changes over time; `code` is one of them

    def code_on(self, day: date) -> str:
        """Return the code (MA_CSKCB) of a visit on a day; before the first one begins, the first.

        The periods were checked: they follow each other without a gap (`kiosk.settings.limits`).
        """
        begun = [row for row in self.codes if row.valid_from <= day]
        newest = max(begun, key=_first_day, default=min(self.codes, key=_first_day, default=None))
        return self.code if newest is None else newest.code

    @property
    def all_codes(self) -> frozenset[str]:
        """All codes that this clinic has, had or will have."""
        return frozenset({self.code, *(row.code for row in self.codes)})


def _first_day(row: FacilityCode) -> date:
    return row.valid_from


@dataclass(frozen=True, slots=True)
class Insurer:
    """The gateway and our account there. Without a url the kiosk asks and sends nothing."""

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
    sign_module: str
    sign_token: str
    sign_key: str
    sign_scope: Literal["document", "list"]
    visits_per_sending: int
    files_at_once: int
    aim_minutes: int
    ask_timeout_s: int
    send_timeout_s: int
    lookups_years: int = 5
    correct_by_itself: Literal["yes", "no"] = "no"


@dataclass(frozen=True, slots=True)
class Cautions:
    """The counts from which on the clerk sees a note; 0: never."""

    facilities_in_30_days: int
    visits_in_30_days: int
    checks_elsewhere: int


@dataclass(frozen=True, slots=True)
class TrustSettings:
    """The files that say which signatures are trusted and which cards are revoked."""

    keys_file: str
    revocations_file: str


@dataclass(frozen=True, slots=True)
class FeedSettings:
    """The source of synced data. Without a url and a folder nothing is fetched."""

    url: str
    folder: str
    root_file: str
    every_minutes: int
    longest_minutes: int


@dataclass(frozen=True, slots=True)
class FreshnessLimits:
    """How old each set of data may be: shown as old after `soft`, no longer used after `hard`."""

    soft_hours: int
    hard_days: int
    keys_soft_hours: int
    keys_hard_days: int
    revocations_soft_hours: int
    revocations_hard_days: int
    tables_soft_days: int


@dataclass(frozen=True, slots=True)
class Web:
    """The address of the pages, how many browsers show them, and whether these may sound.

    `names` are what browsers on other machines call this one, and `proxy` is the address of the
    proxy with TLS through which they reach it (`kiosk.settings.network`).
    """

    host: str
    port: int
    screens: int
    sounds: Literal["no", "yes"]
    names: tuple[str, ...] = ()
    proxy: str = ""
    certificate: str = ""  # the file of the proxy's certificate, which `doctor` watches


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """The proxy through which this machine reaches the internet: its hospital's, not ours."""

    proxy: str = ""  # "http://host:port", "http://user@host:port" or "system"; empty: directly
    proxy_password_file: str = ""
    no_proxy: tuple[str, ...] = ()  # names, domains and networks that are reached directly

    def proxies(self) -> Proxies:
        """Return the way out. Raises SettingsError if it cannot be used."""
        return open_proxies(self.proxy, self.proxy_password_file, self.no_proxy)


@dataclass(frozen=True, slots=True)
class LogSettings:
    """The files of the log; without a folder the program writes to its terminal only."""

    folder: str = ""
    format: Literal["text", "json"] = "text"
    file_mb: int = 10  # after so many megabytes, and each day, a new file is begun
    days: int = 90  # for so long files are kept
    total_mb: int = 500  # that all files may have; the oldest are deleted


@dataclass(frozen=True, slots=True)
class StaffSettings:
    """How people sign in."""

    idle_minutes: int  # after which a page is locked
    secret_file: str  # with the key of the PINs; empty: in the data directory
    pin_networks: tuple[str, ...]  # where a number and a PIN are enough, as "10.20.0.0/16"
    approve: tuple[
        Literal["cancel", "export", "unmask", "admit", "join"], ...
    ]  # what clerks may not alone


@dataclass(frozen=True, slots=True)
class EncryptionSettings:
    """Where the key rests that the logbook and the insurer's answers are encrypted with."""

    keys: Literal["none", "file", "credential", "windows"]  # none: they are not encrypted
    key_file: str


@dataclass(frozen=True, slots=True)
class BackupSettings:
    """Where copies of the logbook are kept, and for how long."""

    folder: str = ""  # empty: `backups` in the data directory
    days: int = 7  # of each of the last so many days the newest copy is kept
    weeks: int = 4
    months: int = 12


@dataclass(frozen=True, slots=True)
class Retention:
    """How long each kind of data is kept; 0: until a person erases it, or for ever.

    How long look-ups are kept is `Insurer.lookups_years`.
    """

    visits_years: int = 0
    readings_months: int = 12
    enquiries_months: int = 12
    suspicions_years: int = 5
    consents_years: int = 5
    looks_years: int = 5
    sign_ins_months: int = 12
    exports_years: int = 5
    requests_years: int = 5
    breaches_years: int = 5


@dataclass(frozen=True, slots=True)
class Display:
    """What screens that everybody can see show."""

    initials: Literal["no", "yes"]
    help: Literal["no", "yes"] = "no"


@dataclass(frozen=True, slots=True)
class VisitDefaults:
    """The values of a visit that the desk does not change."""

    service_code: str
    service_name: str
    room: str
    care: str
    self_arrival_code: str
    build_temporary_codes: Literal["no", "yes"]


@dataclass(frozen=True, slots=True)
class ReaderPort:
    """A reader and the port to which it is attached."""

    name: str
    kind: Literal["serial", "camera"]
    port: str
    baud: int = 115_200
    desk: str = ""  # whose pages show its scans; empty: those of every desk
    framing: Literal["marks", "silence"] = "marks"
    silence_ms: int = 0  # that ends a scan; 0: the default of the port
    prefix: str = ""
    suffix: str = ""
    encoding: Literal["utf-8", "gb18030"] = "utf-8"


@dataclass(frozen=True, slots=True)
class PrinterPort:
    """A printer of tickets and the port to which it is attached."""

    name: str
    kind: Literal["network", "usb", "serial", "file", "windows"]
    port: str
    desk: str = ""  # whose patients get their tickets here; empty: those of every desk
    width: int = 576  # dots
    baud: int = 115_200
    answers: Literal["", "yes", "no"] = ""  # to the question how it is; empty: as its kind does


@dataclass(frozen=True, slots=True)
class DeskRule:
    """The settings of a single desk; its readers name the desk."""

    name: str
    ask: Literal["always", "unsure", "never"]


@dataclass(frozen=True, slots=True)
class SelfServiceKiosk:
    """A screen at which patients take a number by themselves."""

    name: str  # its page is /self?device=NAME
    desk: str = ""  # where those go whom a person has to help; empty: to any desk
    reader: str = ""  # of [[readers]], if one is attached; the page has a camera too
    help: Literal["no", "yes"] = "no"  # whether it shows the guides for VssID and VNeID


@dataclass(frozen=True, slots=True)
class WebhookTarget:
    """A program that is sent what happens to visits."""

    name: str
    url: str
    secret_file: str  # one or two secrets, a line each
    authority_file: str = ""  # whose certificates are accepted; empty: those that the system trusts
    kinds: tuple[str, ...] = ()  # of events; empty: all


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """Who is informed when something needs a person: by mail, by a webhook, or by both."""

    mail_to: tuple[str, ...] = ()
    mail_from: str = ""
    mail_server: str = ""
    mail_port: int = 587
    mail_security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password_file: str = ""
    authority_file: str = ""  # whose certificates are accepted; empty: those that the system trusts
    webhook_url: str = ""
    webhook_secret_file: str = ""
    states: Literal["bad", "attention"] = "bad"  # attention: what only needs attention too
    settle_minutes: int = 5  # that a state lasts before it is reported
    quiet: str = ""  # "21:00-06:30" by the clinic's time: nothing is sent
    remind_hours: int = 24  # between two reminders of what is still bad; 0: none
    language: Literal["vi", "en"] = "vi"

    @property
    def ways(self) -> tuple[Literal["mail", "webhook"], ...]:
        """The ways that are set up."""
        ways: list[Literal["mail", "webhook"]] = []
        if self.mail_to:
            ways.append("mail")
        if self.webhook_url:
            ways.append("webhook")
        return tuple(ways)


@dataclass(frozen=True, slots=True)
class HubSettings:
    """The database that the desks of a facility share, and who this desk is there."""

    url: str = ""  # empty: no hub
    password_file: str = ""
    report_password_file: str = ""  # of the account that reads older days; empty: not from here
    ca_file: str = ""  # certificates (PEM) of the authority that made the hub's
    desk: int = 0  # 0: not set
    records: Literal["yes", "no"] = "yes"  # no: visits go up without names and further details
    sends: str = "each"  # who sends to the insurer: each desk, or the desk with this number

    @property
    def sender(self) -> int:
        """The desk that sends the messages of this one; 0: this desk itself."""
        number = int(self.sends) if self.sends.isdigit() else 0
        return 0 if number == self.desk else number


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings."""

    facility: Facility
    insurer: Insurer
    cautions: Cautions
    trust: TrustSettings
    feed: FeedSettings
    freshness: FreshnessLimits
    web: Web
    staff: StaffSettings
    encryption: EncryptionSettings
    display: Display
    visit: VisitDefaults
    readers: tuple[ReaderPort, ...] = ()
    printers: tuple[PrinterPort, ...] = ()
    desks: tuple[DeskRule, ...] = ()
    self_service: tuple[SelfServiceKiosk, ...] = ()
    webhooks: tuple[WebhookTarget, ...] = ()
    retention: Retention = Retention()
    backup: BackupSettings = BackupSettings()
    alerts: AlertSettings = AlertSettings()
    network: NetworkSettings = NetworkSettings()
    log: LogSettings = LogSettings()
    hub: HubSettings = HubSettings()

    def ask_at(self, reader: str) -> str:
        """Return the value of `ask` for the scans of a reader: always, unsure or never."""
        desk = self.desk_of(reader)
        rules = {rule.name: rule.ask for rule in self.desks}
        return rules.get(desk, self.insurer.ask)

    def desk_of(self, reader: str) -> str:
        """Return the name of the desk whose pages show a reader's scans; empty: those of all."""
        return next((port.desk for port in self.readers if port.name == reader), "")
