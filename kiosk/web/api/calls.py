"""Calls of the HTTP contract: one declaration checks what a call takes, and describes it.

1.  `@call(…)` names the shapes of the body, the query and the answers of a view, and its errors.
    `kiosk.web.api.openapi` writes the OpenAPI document from the same declarations.
2.  A shape says which members there are and of which type.  What a text must be, such as a date, is
    left to the readers of `kiosk.web.api.fields`, which clean it first: the shape never refuses
    what they accept.
3.  `25543.0` is a whole number, as JSON Schema says; NaN and Infinity are no JSON.  Half letters
    (lone surrogates), as readers that type send them, are let through.
4.  What is wrong is a BadField that names the first wrong member, and quotes nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, NoReturn, TypeVar, get_args, get_type_hints

from flask import request
from flask.typing import ResponseReturnValue
from msgspec import Meta, Struct, ValidationError, convert
from msgspec.structs import asdict

from kiosk.web.api.fields import BadField, FieldFault
from kiosk.web.problems import problem

JSON_TYPE, BYTES_TYPE = "application/json", "application/octet-stream"
_PLACE = re.compile(r".* - at `\$(.*)`\Z", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(\w+)`")
_NULL = re.compile(r"Expected [^,]*, got `null`")
_INDEX = re.compile(r"\[[^]]*\]")

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])
Shape = type[Struct]
Kinds = Iterable[tuple[int, str]]  # statuses and kinds of problems


@dataclass(frozen=True, slots=True)
class Header:
    """A header that a call takes.  With `most` (characters) it is required."""

    name: str
    description: str
    most: int = 0

    def check(self) -> None:
        """Raise BadField if the request lacks the header, or if it is too long."""
        text = request.headers.get(self.name, "")
        if self.most and (not 1 <= len(text) <= self.most or "\n" in text):
            raise BadField(self.name, None, f"The header {self.name} must be {self.description}.")


@dataclass(frozen=True, slots=True)
class Call:
    """What a call takes, and what it answers."""

    answers: Mapping[int, tuple[Shape, ...]]
    problems: frozenset[tuple[int, str]]
    body: Shape | None = None
    may_be_empty: bool = False  # the body
    raw: str = ""  # the media type of a body of bytes
    query: Shape | None = None
    headers: tuple[Header, ...] = ()
    media_type: str = JSON_TYPE  # of the answers
    max_bytes: int = 0  # of the body; 0: the limit of the program

    def taken(self) -> list[dict[str, Any]]:
        """Return what the request brings, checked: the query, and the JSON object of the body.

        A body of bytes is left to the view, which then gets an empty object.  Raises BadField.
        """
        for header in self.headers:
            header.check()
        found = []
        if self.query is not None:
            read = fitting(self.query, request.args.to_dict(), strict=False)
            found.append(asdict(read))
        if self.body is not None:
            is_left = self.raw and request.mimetype == self.raw
            is_left = is_left or (self.may_be_empty and not request.get_data())
            found.append({} if is_left else _checked(self.body, json_body()))
        return found


def call(
    answers: Mapping[int, Shape | tuple[Shape, ...]], problems: Kinds = (), **takes: Any
) -> Callable[[View], View]:
    """Declare what a view takes and answers; the fields of `Call` say what `takes` may hold.

    The view gets the query and the body, if it has them, before the values of its path.
    """
    shapes = {
        status: shape if isinstance(shape, tuple) else (shape,) for status, shape in answers.items()
    }
    declared = Call(shapes, frozenset(problems), **takes)

    def declare(view: View) -> View:
        @wraps(view)
        def checking(**values: Any) -> ResponseReturnValue:
            if declared.max_bytes and (request.content_length or 0) > declared.max_bytes:
                detail = f"The body has at most {declared.max_bytes} bytes."
                return problem(413, "too_large", detail)
            return view(*declared.taken(), **values)

        checking.declared = declared  # type: ignore[attr-defined]
        return checking  # type: ignore[return-value]

    return declare


def declared_by(view: object) -> Call | None:
    """Return what a view declares. None if it is no call of the contract."""
    found = getattr(view, "declared", None)
    return found if isinstance(found, Call) else None


def kinds_of(problems: Mapping[Any, tuple[int, str, str]]) -> list[tuple[int, str]]:
    """Return status and kind of each problem in a table of them."""
    return [(status, kind) for status, kind, _detail in problems.values()]


def json_body() -> object:
    """Return the JSON value of the request.  Raises BadField if its body is anything else."""
    if request.is_json:
        try:
            return json.loads(request.get_data(), parse_float=_number, parse_constant=_refuse)
        except (ValueError, RecursionError):  # no JSON, or nested too deeply
            pass
    raise BadField("", None, f"The body must be a JSON object, sent as {JSON_TYPE}.")


def fitting(shape: Shape, value: dict[str, Any], strict: bool = True) -> Struct:
    """Return an object in a shape.  With `strict=False` numbers may be written as text.

    Raises BadField, which names the first member that does not fit.
    """
    known = {name: value[name] for name in shape.__struct_fields__ if name in value}
    try:
        return convert(known, shape, strict=strict)
    except ValidationError as exc:
        raise _wrong_member(shape, str(exc)) from None
    except UnicodeEncodeError:  # half a letter, in a name or where there is a choice of words
        raise BadField("", None, "A name or a word in the body is no text.") from None


def _checked(shape: Shape, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadField("", None, f"The body must be a JSON object, sent as {JSON_TYPE}.")
    fitting(shape, value)
    return value


def _wrong_member(shape: Shape, message: str) -> BadField:
    """Return the error of the member that a message of msgspec is about."""
    place, missing = _PLACE.match(message), _MISSING.match(message)
    names = _INDEX.sub("", place[1]).strip(".").split(".") if place else []
    names = [name for name in names if name] + ([missing[1]] if missing else [])
    extra: dict[str, Any] = {}
    description, kind, inner = "", BadField.kind, shape
    for name in names:
        hint = get_type_hints(inner, include_extras=True)[name]
        meta = next((part for part in hint.__metadata__ if isinstance(part, Meta)), Meta())
        extra, description = meta.extra or {}, meta.description or ""
        kind, inner = extra.get("kind", kind), _shape_in(hint) or inner
    name = extra.get("field", ".".join(names))
    is_missing = bool(missing or _NULL.match(message))
    fault = FieldFault.MISSING if is_missing else extra.get("fault")
    own = "" if extra.get("fault") and "own" not in extra else f'"{name}" must be {description}.'
    error = BadField(name, fault, own)
    error.kind = kind
    return error


def _shape_in(hint: object) -> Shape | None:
    """Return the shape of the object, or of the objects, that a type admits."""
    if isinstance(hint, type) and issubclass(hint, Struct):
        return hint
    return next((found for part in get_args(hint) if (found := _shape_in(part))), None)


def _number(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() else number


def _refuse(_constant: str) -> NoReturn:
    raise ValueError("JSON has no such number")
