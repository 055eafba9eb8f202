"""Words for what the logbook holds of the insurer: questions, failures, and reports of visits."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l

KIND_WORDS = {
    "card": _l("whether the card is in force"),
    "history": _l("where the patient was treated before"),
    "copayments": _l("what the patient has paid this year"),
}
PURPOSE_WORDS = {
    "arrival": _l("when the patient came"),
    "treatment": _l("during the treatment"),
    "admission": _l("when the patient was admitted"),
    "end": _l("before the visit ended"),
    "look_back": _l("afterwards, at night"),
    "look_ahead": _l("before the patient came"),
}
STATE_WORDS = {
    "queued": _l("waiting"),
    "in_flight": _l("on its way"),
    "accepted": _l("received"),
    "refused": _l("refused"),
    "parked": _l("needs a person"),
    "closed": _l("closed by a person"),
    "not_sent": _l("not sent"),
}
# The beginnings of a stored error, and what they mean.
ERROR_WORDS = {
    "ReadTimeoutError": _l("no answer in time"),
    "ConnectTimeoutError": _l("no connection in time"),
    "TimeoutError": _l("no answer in time"),
    "NewConnectionError": _l("no connection"),
    "MaxRetryError": _l("no connection"),
    "NameResolutionError": _l("the address was not found"),
    "ProtocolError": _l("the connection was cut"),
    "SSLError": _l("the connection is not secure"),
    "HTTP": _l("an answer that did not come from the gateway"),
}
DATA_WORDS = {
    "registry": _l("card records"),
    "revocations": _l("revoked cards"),
    "keys": _l("keys of the issuers"),
    "rules": _l("rules of the law"),
}


def words_for(texts: Mapping[str, object], key: str) -> str:
    """Return the words for a stored value; the value itself if a newer program wrote it."""
    return str(texts.get(key, key))


def error_text(error: str) -> str:
    """Return in words why a question failed, with the stored `error` behind; empty if it is."""
    for start, text in ERROR_WORDS.items():
        if error.startswith(start):
            return f"{text} ({error})"
    return error
