"""Where the doctor looks: what the assembly of a kiosk gives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kiosk.data import DataStore
from kiosk.insurer import Obstacle, SignatureState
from kiosk.logbook import WebhookState
from kiosk.privacy import PrivacyParts
from kiosk.proof import Proofs
from kiosk.queue import RoomList


@dataclass(frozen=True, slots=True)
class Sources:
    """The parts of a kiosk, and questions to them. Each may raise LogbookUnavailable."""

    instance: str  # of the logbook
    data: DataStore
    newest_answer: Callable[[], datetime | None]  # of the gateway
    obstacles: Callable[[], Sequence[Obstacle]]
    signature: Callable[[], SignatureState | None]
    clock_ahead: Callable[[datetime], timedelta | None]
    wrong_times: Callable[[], int]
    outbox: Callable[[], Mapping[str, int]]
    communes_to_inform: Callable[[], Sequence[str]]
    overdue: Callable[[datetime], int]
    suggested_outages: Callable[[], int]
    rooms: Callable[[], RoomList]
    webhooks: Callable[[], Sequence[WebhookState]]
    privacy: PrivacyParts
    proofs: Proofs
