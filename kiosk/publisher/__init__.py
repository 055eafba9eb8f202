"""Makes and maintains a feed: signed, static files that any web server can hold, or a stick."""

from kiosk.publisher.build import Material
from kiosk.publisher.keys import ROOT_KEYS
from kiosk.publisher.publish import init_feed, keep_apart, publish_version, sign_feed
from kiosk.publisher.root_rotation import add_root_signature, prepare_root, renewed_key

__all__ = [
    "ROOT_KEYS",
    "Material",
    "add_root_signature",
    "init_feed",
    "keep_apart",
    "prepare_root",
    "publish_version",
    "renewed_key",
    "sign_feed",
]
