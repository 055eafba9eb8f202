"""Make and maintain a feed: signed static files, which any web server or a USB stick can hold."""

from kiosk.publisher.build import NewVersion
from kiosk.publisher.keys import ROOT_KEYS
from kiosk.publisher.publish import check_keys_apart, init_feed, publish_version, sign_feed
from kiosk.publisher.root_rotation import add_root_signature, prepare_root, renew_key

__all__ = [
    "ROOT_KEYS",
    "NewVersion",
    "add_root_signature",
    "check_keys_apart",
    "init_feed",
    "prepare_root",
    "publish_version",
    "renew_key",
    "sign_feed",
]
