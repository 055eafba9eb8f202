"""The checks of files that hold a secret: whether other accounts of this machine may read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from kiosk.doctor.check import ATTENTION, BAD, GOOD, UNKNOWN, Check
from kiosk.doctor.words import words as _
from kiosk.runtime.file_access import FileAccess, file_access
from kiosk.runtime.paths import secret_file
from kiosk.settings import Settings


def secret_files(settings: Settings, folder: Path) -> Iterator[tuple[str, Path, bool]]:
    """Yield the setting of each secret, its file, and whether the program makes it by itself.

    `folder` is the data directory.
    """
    insurer, alerts = settings.insurer, settings.alerts
    named = {
        "[insurer] password_file": insurer.password_file if insurer.url else "",
        "[insurer] sign_file": insurer.sign_file,
        "[insurer] sign_password_file": insurer.sign_password_file,
        "[encryption] key_file": settings.encryption.key_file
        if settings.encryption.keys == "file"
        else "",
        "[alerts] password_file": alerts.password_file,
        "[alerts] webhook_secret_file": alerts.webhook_secret_file,
        "[hub] password_file": settings.hub.password_file,
        "[hub] report_password_file": settings.hub.report_password_file,
    }
    named |= {f"[[webhooks]] {target.name}": target.secret_file for target in settings.webhooks}
    for setting, file in named.items():
        if file:
            yield setting, Path(file), False
    yield "[staff] secret_file", secret_file(settings.staff.secret_file, folder), True
    home = folder / "secrets"
    for name in ("proof.key", "logbook-mark.key"):
        yield f"secrets/{name}", home / name, True


def secret_file_checks(
    settings: Settings, folder: Path, access: Callable[[Path], FileAccess] = file_access
) -> Iterator[Check]:
    """Check each secret of the settings and those that the program has made."""
    for setting, path, is_made_here in secret_files(settings, folder):
        found = access(path)
        if found is FileAccess.MISSING and is_made_here:
            continue  # it is made when it is needed first
        yield _check(setting, path, found)


def _check(setting: str, path: Path, found: FileAccess) -> Check:
    code, what = "secret_file", _("file of %(setting)s", setting=setting)
    where = str(path)
    alone = _(
        "Let only the program's account read it: chmod 600 on Linux, icacls on Windows"
        " (docs/doctor.md)."
    )
    if found is FileAccess.OTHERS:
        seen = _("%(path)s: every account of this machine may read it", path=where)
        return Check(code, what, BAD, seen, alone, subject=setting)
    if found is FileAccess.GROUP:
        seen = _("%(path)s: accounts of its group may read it", path=where)
        return Check(code, what, ATTENTION, seen, alone, subject=setting)
    if found is FileAccess.MISSING:
        seen = _("%(path)s is missing", path=where)
        do = _("Put the file back, or name another one.")
        return Check(code, what, BAD, seen, do, subject=setting)
    if found is FileAccess.UNKNOWN:
        seen = _("%(path)s: not known, the system does not say who may read it", path=where)
        do = _("Look at its rights: only the program's account and administrators need it.")
        return Check(code, what, UNKNOWN, seen, do, subject=setting)
    return Check(
        code, what, GOOD, _("%(path)s: only its owner may read it", path=where), subject=setting
    )
