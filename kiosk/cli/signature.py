"""The texts about the signature of what is sent, for `doctor` and `sync`.

The pages have their own in templates/data/signature.html, in both languages.
"""

from __future__ import annotations

from kiosk.insurer import SignatureState, SigningTrouble

LAW = (
    "sending unsigned has not been allowed since 1 January 2026 (NĐ 188/2025 Điều 69 khoản 9;"
    " TT 12/2026). That the check-in file is meant too is known second-hand"
)
SEEN = {
    SigningTrouble.UNSIGNED: "visits are sent unsigned: [insurer] sign_file is empty",
    SigningTrouble.ENDING: "the certificate ends soon",
    SigningTrouble.ENDED: "the certificate has ended",
    SigningTrouble.NOT_YET_VALID: "the certificate is not valid yet",
    SigningTrouble.KEY_FILE: "sign_file cannot be opened: not PKCS#12, or another password",
    SigningTrouble.KEY_KIND: "the key is neither RSA nor of an elliptic curve",
    SigningTrouble.MISMATCH: "the certificate does not belong to the key",
    SigningTrouble.MODULE: "the token's driver (sign_module) cannot be loaded",
    SigningTrouble.TOKEN_ABSENT: "the token is not plugged in, or does not answer",
    SigningTrouble.TOKEN_TWICE: "several tokens fit sign_token",
    SigningTrouble.TOKEN_KEY: "the token has no key that fits sign_key, or several",
    SigningTrouble.PIN: "the token refuses the PIN, is locked, or has one try left",
    SigningTrouble.FAILED: "the key did not sign, or its signature was wrong",
}
RENEW = "Renew it, register the new one at the portal, and put it in place of the old one."
DO = {
    SigningTrouble.UNSIGNED: f"Name the certificate in sign_file or sign_module: {LAW}.",
    SigningTrouble.ENDING: RENEW,
    SigningTrouble.ENDED: RENEW,
    SigningTrouble.NOT_YET_VALID: "Check the clock of this machine, and the certificate.",
    SigningTrouble.KEY_FILE: "Check sign_file, and the password in sign_password_file.",
    SigningTrouble.KEY_KIND: "Get a certificate for a key of RSA or an elliptic curve.",
    SigningTrouble.MISMATCH: "Ask the issuer for the key and its own certificate.",
    SigningTrouble.MODULE: "Install the driver of the token's maker, and name its file.",
    SigningTrouble.TOKEN_ABSENT: "Plug it in.",
    SigningTrouble.TOKEN_TWICE: "Unplug the other one, or give it another label.",
    SigningTrouble.TOKEN_KEY: "Write the label or the id of the key in sign_key.",
    SigningTrouble.PIN: (
        "Write the right PIN into sign_password_file. A PIN that was refused is not tried again"
        " before that file changes, because a token locks itself."
    ),
    SigningTrouble.FAILED: "Plug the token in again, or check the key; the log has more.",
}
WAITS = "Until then visits wait here and are not lost; they go on by themselves."


def signature_seen(state: SignatureState) -> str:
    """Return how what is sent is signed, in words."""
    certificate = ""
    if state.ends is not None:
        certificate = f"certificate {state.serial}, until {state.ends:%Y-%m-%d %H:%M} UTC"
    if state.trouble is None:
        return "visits are signed" + (f": {certificate}" if certificate else "")
    return SEEN[state.trouble] + (f" ({certificate})" if certificate else "")


def signature_advice(state: SignatureState) -> str:
    """Return what to do about the signature; empty if it is good."""
    if state.trouble is None:
        return ""
    return DO[state.trouble] + (f" {WAITS}" if state.is_holding else "")
