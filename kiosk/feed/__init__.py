"""How the kiosk's copy of the world is made and taken up. For now: the registry, from a file."""

from kiosk.feed.adoption import build_registry, change_registry

__all__ = ["build_registry", "change_registry"]
