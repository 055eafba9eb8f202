"""The HTTP contract for other programs, and for our own pages: JSON in, JSON out."""

from kiosk.pages.api.pictures import make_pictures
from kiosk.pages.api.reader_checks import make_reader_checks
from kiosk.pages.api.scans import make_scans, scan_json
from kiosk.pages.api.visits import make_visits, visit_json

__all__ = [
    "make_pictures",
    "make_reader_checks",
    "make_scans",
    "make_visits",
    "scan_json",
    "visit_json",
]
