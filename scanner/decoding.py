"""Find QR codes in a picture, or in the frames of a camera.

1.  zxing looks first: at half the size, where a code that fills the picture is read in a fraction
    of the time, then at the size for the stages, then at the picture as it came.
2.  Then come the stages (`scanner.stages`): zxing on a prepared picture, and zbar, if it is
    installed.  A single picture gets all of them, until one finds a code, and one look in the
    next larger size.
3.  A camera gives many frames: each gets one stage in turn, so that the next frame does not have
    to wait.  Most frames of an empty desk get the first look only.
4.  Work is limited by the size of pictures (`scanner.picture`), by their number of finder patterns
    (`scanner.cost_guard`), and by processor time.  The clock on the wall limits nothing: a busy
    machine reads what an idle one reads.
5.  The bytes of a code are not decoded here but left to `verify`, which reads them as UTF-8: a
    decoder that guesses an encoding garbles Vietnamese names.
6.  Codes that are parts of one message are joined; a part alone is not a code that was read.
7.  OpenCV's own detectors are not used: one hostile picture keeps them busy for minutes.
"""

from __future__ import annotations

import functools
import itertools
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scanner.cost_guard import is_too_costly
from scanner.guidance import Advice, advice
from scanner.memory_budget import MemoryBudget, pixels_to_decode
from scanner.picture import BLACK, decode_grey, halved, reduced
from scanner.preprocessing import flat
from scanner.scene import Scene
from scanner.stages import (
    CUT_OUT,
    MIN_SIDE,
    STAGES,
    USUAL_STAGES,
    Broken,
    Decoded,
    decoded,
    read_codes,
    zxing,
)
from scanner.structured_append import Part, join_parts
from scanner.transparency import is_transparent
from scanner.zbar import has_zbar

if TYPE_CHECKING:
    from scanner.picture import Grey

MAX_SIDE = 1_920  # pixels, to which a picture is halved for the stages
HALF_SIZE_ABOVE = 900  # pixels of the longer side, above which half the size is tried first
STAGES_BUDGET_S = 1.0  # of this thread's processor time; after this no further look is begun
MAX_WAIT_S = 2.0  # of a picture until others have been decoded

# When something begins to move before a camera, or comes to rest, so many frames get all looks;
# after these, one frame of so many.
BUSY_FRAMES = 4
QUIET_INTERVAL = 3

_memory = MemoryBudget()  # of all pictures from outside


@dataclass(frozen=True, slots=True)
class DecodingResult:
    """The codes in one picture.

    `advice` says what would help to read a code that is seen but cannot be read; None if there is
    no such code.
    """

    found: tuple[Decoded, ...] = ()
    advice: Advice | None = None


def decode_picture(data: bytes) -> list[Decoded]:
    """Return the codes in an encoded picture (JPEG, PNG, WebP, BMP).

    Raises BadPicture if the bytes cannot be read as a picture, and Busy if too many pictures are
    being decoded already.
    """
    return list(read_picture(data).found)


def read_picture(data: bytes) -> DecodingResult:
    """Return the codes in an encoded picture, and advice if there is a code that is not read.

    Raises the same errors as `decode_picture`.
    """
    with limit_decoding(data, MAX_WAIT_S):
        result = look_at(decode_grey(data))
        if result.found or not is_transparent(data):
            return result
        # Over white, a light code on a transparent ground cannot be seen.
        over_black = look_at(decode_grey(data, BLACK))
        return over_black if over_black.found else result


def limit_decoding(data: bytes, max_wait_s: float = 0) -> AbstractContextManager[None]:
    """Hold the memory for decoding a picture that comes from outside.

    Raises Busy if it does not get free within the time.
    """
    return _memory.reserve(pixels_to_decode(data), max_wait_s)


def look_at(grey: Grey) -> DecodingResult:
    """Try all looks on one picture, until one finds a code or the processor time is used up."""
    search = _Search(grey)
    if not search.is_possible:
        return DecodingResult()
    deadline = time.thread_time() + STAGES_BUDGET_S
    search.look_first()
    if search.is_over or search.is_too_costly:
        return search.result()
    stages = [functools.partial(search.try_stage, name) for name in STAGES]
    first, then = stages[: len(USUAL_STAGES)], stages[len(USUAL_STAGES) :]
    looks: list[Callable[[], None]]
    looks = [search.look, search.look_at_original, *first, search.look_at_larger, *then]
    for look in looks:
        if time.thread_time() > deadline:
            break
        look()
        if search.is_over:
            break
    return search.result()


class FrameReader:
    """Decodes the frames of one camera; each frame that zxing does not read gets another stage.

    The frames of two cameras need two readers: if they shared the turns of the stages, each camera
    would get only some of them.  Any thread may call.
    """

    def __init__(self) -> None:
        names = [name for name in STAGES if has_zbar() or not name.startswith("zbar")]
        others = [name for name in names if name not in (*USUAL_STAGES, CUT_OUT)]
        usual = itertools.cycle(USUAL_STAGES)
        # The usual stages and the cut-out read the most: they have every second turn, or two of
        # three while a code is seen that could be cut out.
        turns = [name for other in others for name in (next(usual), CUT_OUT, other)]
        self._turns, self._stages = itertools.cycle(turns), frozenset(turns)
        self._lock = threading.Lock()
        self._scene: Scene | None = None  # of the last frame that differed from the one before
        self._is_still = False
        self._unread = 0  # frames since something began to move or came to rest
        self._tried: set[str] = set()  # stages that this scene has had

    def look_at(self, frame: Grey) -> DecodingResult:
        """Decode one frame, with zxing and the stage whose turn it is."""
        search = _Search(frame)
        if not search.is_possible:
            return DecodingResult()
        search.look_first()
        if not search.is_over and self._is_due(search.half) and not search.is_too_costly:
            search.look()
            search.look_at_original()
            if not search.is_over:
                search.try_stage(self._next_stage(has_broken=bool(search.broken)))
        if search.has_seen:
            self._be_busy()
        return search.result()

    def _is_due(self, half: Grey) -> bool:
        """Return whether a frame that the first look has not read gets more looks.

        A plain frame gets none.  Of a scene in which no code is seen some frames do.
        """
        scene = Scene(half)
        if scene.is_plain:
            return False
        with self._lock:
            is_still = self._scene is not None and not scene.differs_from(self._scene)
            if not is_still:
                self._scene = scene
                self._tried.clear()
            if is_still != self._is_still:
                self._is_still, self._unread = is_still, 0
            self._unread += 1
            return self._unread <= BUSY_FRAMES or self._unread % QUIET_INTERVAL == 0

    def _next_stage(self, *, has_broken: bool) -> str:
        """Return the stage whose turn it is, but none that this scene has had already."""
        with self._lock:
            possible = self._stages if has_broken else self._stages - {CUT_OUT}
            if self._tried >= possible:
                self._tried.clear()
            stage = next(name for name in self._turns if name in possible - self._tried)
            self._tried.add(stage)
            return stage

    def _be_busy(self) -> None:
        """Give the next frames every look: there is a code in view."""
        with self._lock:
            self._scene, self._unread = None, 0
            self._tried.clear()


class _Search:
    """The search for codes in one picture: the looks at it, and what they have found so far."""

    def __init__(self, original: Grey) -> None:
        """Prepare the search in a grey picture of any size."""
        self._original = original
        self.picture = reduced(original, MAX_SIDE)  # for the stages
        self._whole: list[Decoded] = []
        self._parts: dict[tuple[Part, bytes], Decoded] = {}
        self.broken: list[Broken] = []
        self._has_looked = False

    @property
    def is_possible(self) -> bool:
        """Return whether the picture is large enough for a code."""
        return min(self.picture.shape[:2], default=0) >= MIN_SIDE

    @property
    def is_too_costly(self) -> bool:
        """Return whether the picture is made to keep a decoder busy."""
        return is_too_costly(self.picture) or (self._is_reduced and is_too_costly(self._original))

    @property
    def _is_reduced(self) -> bool:
        return self.picture is not self._original

    @property
    def is_over(self) -> bool:
        """Return whether a code has been found, and none lacks a part."""
        if not self._parts:
            return bool(self._whole)
        joined, lacks_part = self._joined()
        return bool(self._whole or joined) and not lacks_part

    @property
    def has_seen(self) -> bool:
        """Return whether there is a code in the picture, read or not."""
        return bool(self._whole or self._parts or self.broken)

    @functools.cached_property
    def half(self) -> Grey:
        """Return the picture at half its size."""
        return halved(self.picture)

    def look_first(self) -> None:
        """Let zxing look at half the size of a large picture; at a small one, fully."""
        if max(self.picture.shape[:2]) > HALF_SIZE_ABOVE:
            self._add(zxing(self.half, "zxing_half", try_rotate=False, try_downscale=False))
        else:
            self.look()

    def look(self) -> None:
        """Let zxing look at the picture in all its own ways, once, and note the codes it sees."""
        if not self._has_looked:
            self._has_looked = True
            self._look_at(self.picture, "zxing")

    def look_at_original(self) -> None:
        """Let zxing look at the picture as it came, if it was reduced and nothing is found yet."""
        if self._is_reduced and not self.is_over:
            self._look_at(self._original, "zxing_original")

    def look_at_larger(self) -> None:
        """Let zxing look at a reduced picture in twice the size of the stages, in even light."""
        if self._is_reduced:
            larger = reduced(self._original, 2 * MAX_SIDE)
            self._add(zxing(flat(larger), "flat_large"))

    def _look_at(self, picture: Grey, stage: str) -> None:
        codes = read_codes(picture, return_errors=True)
        self._add(decoded(codes, stage))
        self.broken += [Broken(picture, code.position) for code in codes if not code.valid]

    def try_stage(self, name: str) -> None:
        """Try one of the stages."""
        self._add(STAGES[name](self.picture, self.broken))

    def _add(self, codes: list[Decoded]) -> None:
        """Keep the codes of one look that no earlier look has found."""
        known = {code.payload for code in self._whole}
        self._whole += [code for code in codes if code.part is None and code.payload not in known]
        for code in codes:
            if code.part is not None:
                self._parts.setdefault((code.part, code.payload), code)

    def _joined(self) -> tuple[list[Decoded], bool]:
        """Return the divided messages that are complete, and whether one lacks a part."""
        payloads, lacks_part = join_parts(self._parts)
        stage = next((code.stage for code in self._parts.values()), "")
        return [Decoded(payload, "qr", stage) for payload in payloads], lacks_part

    def result(self) -> DecodingResult:
        """Return the codes that were found, and advice if one was seen and none was found."""
        joined, lacks_part = self._joined()
        found = (*self._whole, *joined)
        if lacks_part:
            return DecodingResult(found, Advice.PARTS)
        if found or not self.broken:
            return DecodingResult(found)
        return DecodingResult((), advice(*self.broken[0]))
