"""The pretend insurer's own page: what it has received and been asked, and how it behaves."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask, Response, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from kiosk.sandbox.faults import Fault, Faults
from kiosk.sandbox.ledger import Ledger
from kiosk.sandbox.quirks import Quirk, Quirks

VIETNAM = timedelta(hours=7)


def install_page(app: Flask, ledger: Ledger, faults: Faults, habits: Quirks) -> None:
    """Add the page, what it chooses, and the received visits as JSON."""

    @app.get("/")
    def page() -> ResponseReturnValue:
        return render_template(
            "sandbox/insurer.html",
            visits=ledger.visits()[:200],
            questions=ledger.questions()[:50],
            fault=faults.current,
            faults=list(Fault),
            habits=list(Quirk),
            on=habits.on,
            vietnam=VIETNAM,
        )

    @app.post("/fault")
    def choose_fault() -> ResponseReturnValue:
        chosen = request.form.get("fault", "")
        faults.current = Fault(chosen) if chosen in list(Fault) else Fault.NONE
        return redirect("/", 303)

    @app.post("/habits")
    def choose_habits() -> ResponseReturnValue:
        habits.choose(request.form)
        return redirect("/", 303)

    @app.get("/received.json")
    def received() -> Response:
        return jsonify(
            [
                {"fields": v.fields, "transaction": v.transaction, "times": v.times}
                for v in ledger.visits()
            ]
        )
