"""A logbook of invented people for the benches: the same rows in every run.

Names are as frequent as in Vietnam.  Of the visits, a twentieth were corrected; the insurer was
asked about nine in ten; messages were sent in files of up to 25, which are kept.  Each room has its
tickets from 1 on each day.  All rows go through the product's schema, its triggers and its chain of
hashes, and the index of the search is made by the product.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from bench.pages import ATTEMPTS, VISITS_PER_DAY, _first_visit
from kiosk.logbook import Database
from kiosk.logbook.visit_index import index_all

SEED = 20_261_129
PERSONS_PER_VISIT = 0.2  # a person comes five times
ROOMS = 30
AUTHORS = 40
CORRECTED, ASKED = 0.05, 0.9  # of the visits
IN_A_FILE = 25  # messages
REFUSED = 60  # of the newest messages
UNTIL = datetime(2026, 11, 28, 9, tzinfo=UTC)
BATCH = 20_000  # visits of a transaction
# Family names with their shares in percent, and parts of given names (invented weights).
FAMILY = dict(
    zip(
        (
            "Nguyễn Trần Lê Phạm Hoàng Huỳnh Phan Vũ Võ Đặng"
            " Bùi Đỗ Hồ Ngô Dương Lý Đinh Mai Trịnh Tạ"
        ).split(),
        (38, 11, 10, 7, 3, 2, 5, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1),
        strict=True,
    )
)
MIDDLE = dict(
    zip(
        "Thị Văn Hữu Đức Minh Ngọc Thanh Hồng Kim Quốc Xuân Thu Anh Gia".split(),
        (35, 28, 4, 4, 4, 4, 4, 3, 3, 3, 3, 2, 2, 1),
        strict=True,
    )
)
GIVEN = (
    "An Anh Bảo Bích Bình Châu Chi Cường Dung Dũng Duy Đạt Giang Hà Hải Hạnh Hằng Hiền Hiếu Hoa"
    " Hoà Hòa Hoàng Hồng Huệ Hùng Hưng Hương Hường Khánh Khôi Lan Lâm Linh Loan Long Lộc Ly Mai"
    " Minh My Nam Nga Ngân Nghĩa Ngọc Nguyệt Nhung Oanh Phong Phúc Phương Phượng Quang Quân Quỳnh"
    " Sơn Tâm Thành Thảo Thắng Thịnh Thu Thuý Thủy Tiến Toàn Trang Trâm Trung Tuấn Tú Tùng Tuyết"
    " Uyên Vân Việt Vinh Vy Xuân Yến Ý"
).split()

HOW = json.dumps(
    {
        "presented_as": "id_card",
        "identified_by": "qr",
        "presented_at": "2026-11-28T02:00:00.000000+00:00",
    }
)
MESSAGE_BYTES = 850  # of a visit in a document, with its tags

RECORD = """
json_set(record, '$.attempt', :id, '$.verdict_of', :id, '$.arrived_at', :at, '$.number', :number,
    '$.person', :person, '$.card_number', :number, '$.holder', :holder, '$.born', :born,
    '$.room', {room}, '$.author', :author, '$.phone', :phone, '$.outcome', :outcome,
    '$.valid_from', '2026-01-01', '$.valid_until', '2026-12-31',
    '$.citizen_number', printf('001%09d', :id), '$.how', json(:how))
"""
VISITS = f"""
insert into visit (id, attempt, verdict_of, idempotency_key, arrived_at, day, ticket, outcome,
                   reason, number, person, version, record)
select :visit, :id, :id, :key, :at, :day, :number_of_day, :outcome, reason, :number, :person,
       :version, {RECORD.format(room=":room")}
from visit where row = 1
"""
VERSIONS = f"""
insert into visit_version (visit, version, record, replaced_at, why, author)
select :visit, 1, {RECORD.format(room=":earlier_room")}, :at, 'Ghi nhầm phòng', :author
from visit where row = 1 and :version = 2
"""
TICKETS = """
insert into ticket (visit, reading, day, room, room_key, prefix, number, priority, state, issued_at)
select :visit, :id, :day, :room, :room_key, prefix, :ticket, priority, 'done', :at
from ticket where id = 1
"""
MESSAGES = """
insert into outbox (visit, version, person, state, body, tries, next_try_at, transaction_code,
                    code, message, answer, changed_at, answered_at)
select :visit, v.value, :person, case v.value when :version then :state else 'accepted' end, body,
       1, :at, :id, :code, :message, :answer, :at, :at
from outbox o join json_each('[1,2]') v on v.value <= :version where o.id = 1
"""
EVENTS = """
insert into outbox_event (outbox, at, state, code, message, transaction_code)
select o.id, :at, e.value, case e.value when 'queued' then null else o.code end, o.message,
       case e.value when 'queued' then null else o.transaction_code end
from outbox o join json_each(json_array('queued', 'in_flight', o.state)) e
where o.visit = :visit order by o.version, e.key
"""
LOOKUPS = """
insert into lookup (visit, kind, purpose, at, duration_ms, author, asked, result, code, http_status,
                    answer)
select null, 'card', 'arrival', :at, 80 + :id % 900, :author, :asked, 'answered', '000', 200,
       :card_answer
where :is_asked
"""
LOOKUP_READINGS = """
insert into lookup_reading (lookup, reading)
select (select max(id) from lookup where at = :at), :id where :is_asked
"""
FILES = """
insert into sent_file (at, sha256, certificate_serial, document, answer, account, call)
values (:at, lower(hex(randomblob(32))), '5401abcd', randomblob(:bytes), :answer, '01999_BV',
        'Qd3176')
"""
SENT = """
insert into sent_message (file, message, position)
select :file, o.id, row_number() over (order by o.id) from outbox o
where o.visit >= :first and o.visit <= :last
"""
ANSWER = json.dumps({"maKetQua": "200", "maGiaoDich": "x" * 32, "thongDiep": "." * 120})
CARD_ANSWER = json.dumps(
    {
        "maKetQua": "000",
        "ghiChu": "Thẻ còn giá trị sử dụng. Họ tên, ngày sinh, giới tính khớp với dữ liệu.",
        "maThe": "GD4019999900000",
        "hoTen": "Nguyễn Văn Thử",
        "ngaySinh": "01/02/1980",
        "gioiTinh": "Nam",
        "diaChi": "Số 1, Phường Thử, Quận Thử, Thành phố Mẫu",
        "maDKBD": "01999",
        "cqBHXH": "Bảo hiểm xã hội thành phố Mẫu",
        "gtTheTu": "01/01/2026",
        "gtTheDen": "31/12/2026",
        "maKV": "",
        "ngayDu5Nam": "01/01/2029",
        "maSoBHXH": "9999900000",
        "maTheCu": None,
        "maTheMoi": None,
        "dsLichSuKCB2018": [
            {
                "maHoSo": f"{place:024x}",
                "maCSKCB": "01999",
                "ngayVao": "202610010800",
                "ngayRa": "202610011100",
                "tenBenh": "Theo dõi sau khám",
                "tinhTrang": "1",
                "kqDieuTri": "1",
            }
            for place in range(3)
        ],
    },
    ensure_ascii=False,
)


def people(count: int) -> Iterator[tuple[str, str, str, str]]:
    """Yield name, birth, number and telephone of invented people."""
    chance = random.Random(SEED)
    for tail in range(count):
        parts = chance.choices(list(FAMILY), list(FAMILY.values()))
        parts += chance.choices(list(MIDDLE), list(MIDDLE.values()))
        parts += chance.sample(GIVEN, 2 if chance.random() < 0.3 else 1)
        born = f"{chance.randrange(1930, 2026)}-{chance.randrange(1, 13):02d}"
        born += f"-{chance.randrange(1, 29):02d}"
        yield " ".join(parts), born, f"9{tail:09d}", f"0999{chance.randrange(10**6):06d}"


def known_people(count: int) -> list[tuple[str, str, str, str]]:
    """Return the people of a logbook of `count` visits."""
    return list(people(max(1, int(count * PERSONS_PER_VISIT))))


def rows(count: int, first_day: datetime) -> Iterator[dict[str, Any]]:
    """Yield the values of each visit but the first."""
    chance = random.Random(SEED + 1)
    known, tickets = known_people(count), Counter[tuple[int, int]]()
    for number in range(2, count + 1):
        place = number - 1
        day, of_day = divmod(place, VISITS_PER_DAY)
        at = first_day + timedelta(days=day, seconds=60 * of_day)
        holder, born, person, phone = chance.choice(known)
        room, state = chance.randrange(1, ROOMS + 1), "accepted"
        if number > count - REFUSED:
            state = "refused"
        tickets[day, room] += 1
        yield {
            "id": number,
            "visit": f"01999-{at:%Y%m%d}-{number:016x}",
            "key": f"{number:08x}-0000-4000-8000-{number:012x}",
            "at": at.isoformat(timespec="microseconds"),
            "day": (at + timedelta(hours=7)).date().isoformat(),
            "number_of_day": of_day + 1,
            "ticket": tickets[day, room],
            "number": f"GD4{person[:2]}{person}",
            "person": person,
            "holder": holder,
            "born": born,
            "phone": phone if chance.random() < 0.5 else "",
            "room": f"Phòng khám {room}",
            "room_key": f"phòng khám {room}",
            "earlier_room": f"Phòng khám {room % ROOMS + 1}",
            "version": 2 if chance.random() < CORRECTED else 1,
            "author": f"staff {101 + chance.randrange(AUTHORS)} Người Thử",
            "how": HOW,
            "outcome": chance.choices(["admitted", "unconfirmed", "desk"], [92, 5, 3])[0],
            "state": state,
            "code": "205" if state == "refused" else "200",
            "message": "Sai MA_THE" if state == "refused" else None,
            "answer": ANSWER,
            "is_asked": chance.random() < ASKED,
            "asked": json.dumps({"maThe": person, "hoTen": holder, "ngaySinh": born}),
            "card_answer": CARD_ANSWER,
        }


def fill(path: Path, count: int) -> float:
    """Write a logbook; return the microseconds per visit that its index took."""
    database = Database(path)
    first_day = UNTIL - timedelta(days=-(-count // VISITS_PER_DAY))
    _first_visit(database, first_day)
    database.reading().conn.execute("pragma synchronous = off")
    made = rows(count, first_day)
    while batch := list(islice(made, BATCH)):
        with database.transaction() as db:
            for statement in (ATTEMPTS, VISITS, VERSIONS, TICKETS, MESSAGES, EVENTS, LOOKUPS):
                db.conn.executemany(statement, batch)
            db.conn.executemany(LOOKUP_READINGS, batch)
            _send(db, batch)
    begun = time.perf_counter()
    with database.transaction() as db:
        db.execute("update outbox set state = 'accepted', answered_at = changed_at where id = 1")
        db.execute("delete from visit_search")
        index_all(db)
    took = time.perf_counter() - begun
    database.close()
    return took / count * 1e6


def _send(db: Any, batch: list[dict[str, Any]]) -> None:
    """Keep the files by which the messages of some visits were sent."""
    for begin in range(0, len(batch), IN_A_FILE):
        part = batch[begin : begin + IN_A_FILE]
        values = part[-1] | {"bytes": 3_000 + len(part) * MESSAGE_BYTES}
        file = db.conn.execute(FILES, values).lastrowid
        ends = {"first": part[0]["visit"], "last": part[-1]["visit"]}
        db.conn.execute(SENT, {"file": file} | ends)
