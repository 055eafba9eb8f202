"""The page of the doctor: what is wrong, since when, and what to do; and the support bundle."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from kiosk.assembly import Kiosk
from kiosk.doctor import CheckGroup, CheckUp, needing_a_person, worst_first, write_bundle
from verify import CLINIC_ZONE


def make_doctor(kiosk: Kiosk, metrics: Callable[[], bytes]) -> Blueprint:
    """Return the blueprint of /doctor. `metrics` returns all metrics, for the support bundle."""
    pages = Blueprint("doctor", __name__, url_prefix="/doctor")
    watch = kiosk.doctor_watch

    @pages.get("")
    def page() -> ResponseReturnValue:
        """Show the newest report: what needs a person, then all by groups, the worst first."""
        report = watch.newest or watch.look()
        return render_template(
            "doctor/page.html",
            report=report,
            to_do=worst_first(needing_a_person(report.checks)),
            groups=_by_group(report),
            alerts=kiosk.settings.alerts.ways,
        )

    @pages.post("/check")
    def check() -> ResponseReturnValue:
        """Make all checks again now."""
        watch.look()
        return redirect(url_for("doctor.page"), 303)

    @pages.post("/bundle")
    def bundle() -> ResponseReturnValue:
        """Return a support bundle, without a person's data or a secret."""
        report = watch.look()
        content = write_bundle(
            kiosk.settings,
            kiosk.folder,
            report.checks,
            kiosk.database,
            kiosk.clock(),
            {"metrics.txt": metrics().decode()},
        )
        name = f"tiepdon-{report.at.astimezone(CLINIC_ZONE):%Y%m%d-%H%M}.zip"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, mimetype="application/zip", headers=headers)

    return pages


def _by_group(report: CheckUp) -> dict[CheckGroup, list[object]]:
    """Return the checks of each group, the worst first; the group with the worst stands first."""
    groups: dict[CheckGroup, list[object]] = {}
    for check in worst_first(report.checks):
        groups.setdefault(check.group, []).append(check)
    return groups
