"""How what is sent is signed, for `doctor` and `sync`.

The page *Data* has its own texts in templates/data/signature.html.
"""

from __future__ import annotations

from kiosk.doctor.check import ATTENTION, BAD, GOOD, Check, CheckState
from kiosk.doctor.words import Words
from kiosk.doctor.words import words as _
from kiosk.insurer import SignatureState, SigningTrouble
from kiosk.settings import Insurer

SEEN = {
    SigningTrouble.UNSIGNED: _("visits are sent unsigned: [insurer] sign_file is empty"),
    SigningTrouble.ENDING: _("the certificate ends soon"),
    SigningTrouble.ENDED: _("the certificate has ended"),
    SigningTrouble.NOT_YET_VALID: _("the certificate is not valid yet"),
    SigningTrouble.KEY_FILE: _("sign_file cannot be opened: not PKCS#12, or another password"),
    SigningTrouble.KEY_KIND: _("the key is neither RSA nor of an elliptic curve"),
    SigningTrouble.MISMATCH: _("the certificate does not belong to the key"),
    SigningTrouble.MODULE: _("the token's driver (sign_module) cannot be loaded"),
    SigningTrouble.TOKEN_ABSENT: _("the token is not plugged in, or does not answer"),
    SigningTrouble.TOKEN_TWICE: _("several tokens fit sign_token"),
    SigningTrouble.TOKEN_KEY: _("the token has no key that fits sign_key, or several"),
    SigningTrouble.PIN: _("the token refuses the PIN, is locked, or has one try left"),
    SigningTrouble.FAILED: _("the key did not sign, or its signature was wrong"),
}
RENEW = _("Renew it, register the new one at the portal, and put it in place of the old one.")
DO = {
    SigningTrouble.UNSIGNED: _(
        "Name the certificate in sign_file or sign_module: sending unsigned has not been allowed"
        " since 1 January 2026 (NĐ 188/2025 Điều 69 khoản 9; TT 12/2026). That the check-in file is"
        " meant too is known second-hand."
    ),
    SigningTrouble.ENDING: RENEW,
    SigningTrouble.ENDED: RENEW,
    SigningTrouble.NOT_YET_VALID: _("Check the clock of this machine, and the certificate."),
    SigningTrouble.KEY_FILE: _("Check sign_file, and the password in sign_password_file."),
    SigningTrouble.KEY_KIND: _("Get a certificate for a key of RSA or an elliptic curve."),
    SigningTrouble.MISMATCH: _("Ask the issuer for the key and its own certificate."),
    SigningTrouble.MODULE: _("Install the driver of the token's maker, and name its file."),
    SigningTrouble.TOKEN_ABSENT: _("Plug it in."),
    SigningTrouble.TOKEN_TWICE: _("Unplug the other one, or give it another label."),
    SigningTrouble.TOKEN_KEY: _("Write the label or the id of the key in sign_key."),
    SigningTrouble.PIN: _(
        "Write the right PIN into sign_password_file. A PIN that was refused is not tried again"
        " before that file changes, because a token locks itself."
    ),
    SigningTrouble.FAILED: _("Plug the token in again, or check the key; the log has more."),
}
WAITS = _("Until then visits wait here and are not lost; they go on by themselves.")
STILL_WORKS = frozenset({SigningTrouble.UNSIGNED, SigningTrouble.ENDING})


def signature_seen(state: SignatureState) -> Words:
    """Return how what is sent is signed."""
    certificate = None
    if state.ends is not None:
        certificate = _(
            "certificate %(serial)s, until %(ends)s", serial=state.serial, ends=state.ends
        )
    if state.trouble is None:
        return _("visits are signed").then(certificate, ": ")
    if certificate is None:
        return SEEN[state.trouble]
    return _("%(seen)s (%(certificate)s)", seen=SEEN[state.trouble], certificate=certificate)


def signature_advice(state: SignatureState) -> Words | None:
    """Return what to do about the signature; None if it is good."""
    if state.trouble is None:
        return None
    return DO[state.trouble].then(WAITS if state.is_holding else None)


def signature_check(insurer: Insurer, state: SignatureState | None) -> Check:
    """Check how visits are signed; without a gateway nothing is sent, and nothing is wrong.

    None: as the settings say.
    """
    if state is None:
        is_set = bool(insurer.sign_file or insurer.sign_module)
        state = SignatureState(None if is_set else SigningTrouble.UNSIGNED)
    what, seen = _("signature"), signature_seen(state)
    do = signature_advice(state) if insurer.url else None
    how: CheckState = GOOD
    if do is not None:
        how = ATTENTION if state.trouble in STILL_WORKS else BAD
    return Check("signature", what, how, seen, do)
