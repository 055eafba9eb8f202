"""A visit that lacks a field is corrected in a browser and reaches the insurer."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tests.browser import chromium
from tests.cast import running_insurer
from tests.process import card, serving, site, until


def test_a_missing_field_is_filled_in_on_the_visit_s_page_and_the_visit_is_sent(
    tmp_path: Path,
) -> None:
    with (
        running_insurer(lambda: datetime.now(UTC)) as (insurer, url),
        serving(*site(tmp_path, url)) as server,
    ):
        attempt = server.post("/api/scans", {"payload": card("an")})["attempt"]
        incomplete = {"attempt": attempt, "service": {"code": "X" * 60, "name": "Khám"}}
        server.post("/api/visits", incomplete, **{"Idempotency-Key": "k"})
        with chromium() as context:
            page = context.new_page()
            page.goto(server.url)
            page.get_by_role("link", name="Cần xử lý: 1").click()
            page.get_by_role("link", name="Xem", exact=True).click()
            page.fill(".fault input", "KB")
            page.fill("#why", "mã dịch vụ")
            page.get_by_role("button", name="Sửa và gửi").click()
            page.wait_for_selector(".message.good")
        until(lambda: server.get("/healthz")["outbox"]["accepted"] == 1)
        assert [row.fields["MA_DICH_VU"] for row in insurer.ledger.visits()] == ["KB"]
