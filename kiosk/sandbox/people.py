"""Fourteen pretend patients, who together show every outcome, and one code that is not a card."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

FACILITY = "01999"
PROVINCE = "01"

# The account of the pretend facility, and the member of staff who looks cards up.
USERNAME = f"{FACILITY}_BV"
PASSWORD = "sandbox"
STAFF_NAME, STAFF_CCCD = "Nhân Viên Thử", "001999999999"

# A bank's payment code, such as patients show by mistake. The account does not exist.
NOT_A_CARD = (
    "00020101021138540010A00000072701240006970000011099999000990208QRIBFTTA53037045802VN6304ABCD"
)


@dataclass(frozen=True, slots=True)
class PretendPerson:
    """One pretend patient. `code` is the code of the insurer's answer about the card."""

    key: str
    story: str  # what this patient demonstrates
    story_vi: str
    holder: str
    born: date
    sex: Literal["male", "female"]
    object_code: str
    level: int
    tail: int  # the last two digits of the insurance number, 99999000xx
    medium: Literal["bhyt17", "bhyt15", "signed", "phone", "forged", "withdrawn_key"]
    code: str
    outcome: str
    reason: str
    cached: bool = True  # whether the kiosk already has the insurer's answer
    listed_as: str = ""  # the name at the insurer, if it is a different one
    new_object_code: str = ""  # of the card that replaces this one, if any
    new_from_days: int = 0  # when the new card begins, counted from today
    until_days: int = 400  # when cover ends, counted from today
    # Stays elsewhere: facility, days since admission, days since discharge (None: still there).
    stays: tuple[tuple[str, int, int | None], ...] = ()
    looked_up_by: str = ""  # a facility that asked about the card today
    copaid_vnd: int = 0  # paid this year; then the five years are complete too

    @property
    def insurance_number(self) -> str:
        """The insurance number: ten digits."""
        return f"99999000{self.tail:02d}"

    @property
    def card_number(self) -> str:
        """The card number: fifteen characters."""
        return f"{self.object_code}{self.level}{PROVINCE}{self.insurance_number}"

    @property
    def new_card_number(self) -> str:
        """The number of the card that replaces this one; empty if none does."""
        code = self.new_object_code
        return f"{code}{self.level}{PROVINCE}{self.insurance_number}" if code else ""


PEOPLE = (
    PretendPerson(
           "an", "in force, known to the kiosk", "thẻ còn giá trị, bàn tiếp đón đã biết",
           "Nguyễn Văn An", date(1980, 2, 1), "male", "DN", 4, 1, "bhyt17",
           "000", "admitted", "in_force"),
    PretendPerson(
           "binh", "signed by the issuer, the insurer not yet asked",
           "thẻ có chữ ký của nơi cấp, chưa hỏi BHXH",
           "Trần Thị Bình", date(1975, 11, 20), "female", "GD", 4, 2, "signed",
           "000", "admitted", "vouched", cached=False),
    PretendPerson(
           "chi", "cover has ended", "thẻ đã hết giá trị",
           "Lê Thị Chi", date(1990, 5, 5), "female", "GD", 4, 3, "bhyt17",
           "010", "desk", "ended", until_days=-20),
    PretendPerson(
           "dung", "old card over, the new one is in force (003)",
           "thẻ cũ hết hạn, thẻ mới đã có hiệu lực (003)",
           "Phạm Văn Dũng", date(1968, 7, 14), "male", "DN", 4, 4, "bhyt15",
           "003", "admitted", "new_card_in_force",
           new_object_code="HT", new_from_days=-30, until_days=-31),
    PretendPerson(
           "giang", "old card still good, a new one begins later (004)",
           "thẻ cũ còn giá trị, thẻ mới sẽ có hiệu lực sau (004)",
           "Hoàng Thị Giang", date(1985, 3, 8), "female", "DN", 4, 5, "bhyt15",
           "004", "admitted", "in_force",
           new_object_code="GD", new_from_days=20, until_days=19),
    PretendPerson(
           "ha", "card withdrawn", "thẻ đã bị thu hồi",
           "Đỗ Thị Hà", date(1995, 12, 30), "female", "GD", 4, 6, "bhyt17",
           "110", "desk", "withdrawn"),
    PretendPerson(
           "khoi", "a child under six", "trẻ em dưới 6 tuổi",
           "Vũ Minh Khôi", date(2023, 9, 2), "male", "TE", 1, 7, "bhyt15",
           "000", "admitted", "in_force"),
    PretendPerson(
           "long", "army card, kept elsewhere", "thẻ quân đội, do Bộ Quốc phòng quản lý",
           "Bùi Văn Long", date(1988, 12, 22), "male", "QN", 5, 8, "bhyt15",
           "001", "desk", "kept_elsewhere"),
    PretendPerson(
           "mai", "the insurer has another name on this card",
           "BHXH ghi tên khác trên thẻ này",
           "Ngô Thị Mai", date(1992, 4, 18), "female", "GD", 4, 9, "bhyt17",
           "000", "desk", "name_differs", listed_as="Ngô Thị Mây"),
    PretendPerson(
           "nam", "not known here, and the insurer cannot say now",
           "bàn tiếp đón chưa biết thẻ này, BHXH hiện chưa trả lời được",
           "Đặng Văn Nam", date(1959, 1, 1), "male", "HT", 3, 10, "bhyt17",
           "100", "unconfirmed", "not_yet_known", cached=False),
    PretendPerson(
           "oanh", "a signed card that was altered", "thẻ có chữ ký nhưng nội dung đã bị sửa",
           "Phan Thị Oanh", date(1999, 6, 15), "female", "CC", 1, 11, "forged",
           "050", "desk", "forged", cached=False),
    PretendPerson(
           "phuc", "signed by a key that was withdrawn", "thẻ ký bằng khóa đã bị thu hồi",
           "Lý Văn Phúc", date(1971, 10, 10), "male", "GD", 4, 12, "withdrawn_key",
           "000", "desk", "revoked", cached=False),
    PretendPerson(
           "quynh", "signed by the issuer, and again by her phone every half minute",
           "thẻ trên điện thoại, điện thoại ký lại mỗi nửa phút",
           "Đinh Thị Quỳnh", date(1994, 8, 8), "female", "GD", 4, 13, "phone",
           "000", "admitted", "vouched", cached=False),
    PretendPerson(
           "son", "in force; the insurer reports many visits elsewhere",
           "thẻ còn giá trị; BHXH cho biết đã khám nhiều nơi",
           "Đoàn Văn Sơn", date(1958, 9, 9), "male", "HT", 3, 14, "bhyt17",
           "000", "unconfirmed", "not_yet_known", cached=False,
           stays=(("01005", 4, 4), ("01006", 12, 12), ("01007", 20, 20), ("01006", 25, None)),
           looked_up_by="01005", copaid_vnd=16_000_000),
)  # fmt: skip


def person(key: str) -> PretendPerson | None:
    """Return the pretend patient of this key; None if the key is unknown."""
    return next((patient for patient in PEOPLE if patient.key == key), None)
