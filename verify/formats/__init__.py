"""One module a format: each reads one shape of payload, and none decides anything."""
