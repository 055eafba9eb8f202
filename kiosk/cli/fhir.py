"""The command `fhir`: a visit as FHIR R4B."""

from __future__ import annotations

import hashlib
from pathlib import Path

import click

from kiosk.assembly import Kiosk
from kiosk.cli.clock import command_line_author
from kiosk.cli.logbook_checks import certain_logbook
from kiosk.cli.options import CONFIG, DATA, now, steady_clock
from kiosk.errors import KioskError
from kiosk.fhir import visit_bundle
from kiosk.logbook import Accesses, ExportedFile, Exports, Looker
from kiosk.runtime.paths import data_directory, settings_file
from kiosk.settings import load_settings


@click.command()
@click.argument("visit_id", metavar="VISIT")
@DATA
@CONFIG
def fhir(visit_id: str, data: Path | None, config: Path | None) -> None:
    """Print a visit as a FHIR Bundle (R4B); that you took it is written down."""
    with data_directory(data, demo=False) as folder:
        settings = load_settings(settings_file(config, folder))
        certain_logbook(settings, folder, config)
        kiosk = Kiosk(settings, folder, False, now, steady_clock())
        visit = kiosk.visits.by_id(visit_id)
        if visit is None:
            raise KioskError("there is no visit of this id")
        if visit.secret:
            raise KioskError("the visit is a state secret: it is not exported")
        moment, author = now(), command_line_author()
        bundle = visit_bundle(visit, kiosk.around(visit), moment)
        sha256 = hashlib.sha256(bundle.encode()).hexdigest()
        Exports(kiosk.database).record(ExportedFile("fhir.json", visit_id, moment, author, sha256))
        Accesses(kiosk.database).record(Looker(author), "fhir", moment, visits=[visit_id])
    click.echo(bundle)
