"""The table of permissions in the documents is the one of the program."""

from __future__ import annotations

from tests.process import ROOT, call


def test_the_document_has_the_table_that_the_command_prints() -> None:
    done = call("staff", "permissions")
    document = (ROOT / "docs" / "security.md").read_text("utf-8")

    assert done.returncode == 0, done.stderr
    assert done.stdout.decode() in document
    assert "| POST | `/logbook/visits/<visit_id>/cancel` |  | approval: cancel | ✓ | ✓ |  |  |" in (
        document
    )
