"""Makes and maintains a feed: signed, static files that any web server can hold, or a stick."""

from kiosk.publisher.changing_root import add_root_signature, prepare_root, renewed_key
from kiosk.publisher.making import Material
from kiosk.publisher.publishing import init_feed, publish, sign_feed

__all__ = [
    "Material",
    "add_root_signature",
    "init_feed",
    "prepare_root",
    "publish",
    "renewed_key",
    "sign_feed",
]
