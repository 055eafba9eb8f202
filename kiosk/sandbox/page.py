"""The page of the pretend insurer: what it received and was asked, and how it behaves."""

from __future__ import annotations

from flask import Flask, Response, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from kiosk.sandbox.calls import VIETNAM
from kiosk.sandbox.faults import Fault, Faults
from kiosk.sandbox.ledger import Ledger
from kiosk.sandbox.quirks import Quirk, Quirks

SHOWN_VISITS, SHOWN_QUESTIONS = 200, 50


def install_page(app: Flask, ledger: Ledger, faults: Faults, quirks: Quirks) -> None:
    """Add the page, its two forms, and the received visits as JSON to an application."""

    @app.get("/")
    def page() -> ResponseReturnValue:
        return render_template(
            "sandbox/insurer.html",
            visits=ledger.visits()[:SHOWN_VISITS],
            questions=ledger.questions()[:SHOWN_QUESTIONS],
            fault=faults.current,
            faults=list(Fault),
            quirks=list(Quirk),
            quirks_on=quirks.on,
            vietnam=VIETNAM,
            unread_rows=ledger.unread_rows,
        )

    @app.post("/fault")
    def choose_fault() -> ResponseReturnValue:
        chosen = request.form.get("fault", "")
        faults.current = Fault(chosen) if chosen in list(Fault) else Fault.NONE
        return redirect("/", 303)

    @app.post("/habits")
    def choose_quirks() -> ResponseReturnValue:
        quirks.choose(request.form)
        return redirect("/", 303)

    @app.get("/received.json")
    def received() -> Response:
        return jsonify(
            [
                {"fields": visit.fields, "transaction": visit.transaction, "times": visit.times}
                for visit in ledger.visits()
            ]
        )
