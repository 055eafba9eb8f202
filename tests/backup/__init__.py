"""Tests of the logbook's marker, its backups and their restore."""
