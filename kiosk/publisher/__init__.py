"""Makes and maintains a feed: signed, static files that any web server can hold, or a stick."""

from kiosk.publisher.changing_root import add_root_signature, prepare_root, renewed_key
from kiosk.publisher.keyring import ROOT_KEYS
from kiosk.publisher.making import Material
from kiosk.publisher.publishing import init_feed, keep_apart, publish, sign_feed

__all__ = [
    "ROOT_KEYS",
    "Material",
    "add_root_signature",
    "init_feed",
    "keep_apart",
    "prepare_root",
    "publish",
    "renewed_key",
    "sign_feed",
]
