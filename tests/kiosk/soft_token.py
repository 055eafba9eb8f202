"""Pretend USB tokens: SoftHSM2 from Debian, with a real PKCS#11 driver."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.kiosk.signing_keys import PASSWORD, PrivateKey

PLACES = (
    "/usr/lib/softhsm",
    "/usr/lib64/softhsm",
    "/usr/lib64/pkcs11",
    "/opt/homebrew/lib/softhsm",
)
SO_PIN = "12345678"


class SoftTokens:
    """A folder of tokens, and the driver that shows them."""

    def __init__(self, folder: Path, module: str) -> None:
        self.folder, self.module = folder, module
        self.settings = {"sign_module": module, "sign_password_file": str(folder / "pin")}
        self.set_pin(PASSWORD)

    def set_pin(self, pin: str) -> None:
        """Write the file of the PIN."""
        (self.folder / "pin").write_text(f"{pin}\n", "utf-8")

    def add(self, label: str) -> None:
        """Add an empty token."""
        self._run("softhsm2-util", "--init-token", "--free", "--label", label,
                  "--so-pin", SO_PIN, "--pin", PASSWORD)  # fmt: skip

    def put(
        self, label: str, name: str, key_id: str, key: PrivateKey | None, cert: x509.Certificate
    ) -> None:
        """Put a key and a certificate onto the token of this label; None: only a certificate."""
        if key is not None:
            pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            (self.folder / "key.pem").write_bytes(pem)
            self._run("softhsm2-util", "--import", "key.pem", "--token", label, "--pin", PASSWORD,
                      "--label", name, "--id", key_id)  # fmt: skip
        (self.folder / "certificate.der").write_bytes(cert.public_bytes(Encoding.DER))
        self._run("pkcs11-tool", "--module", self.module, "--token-label", label, "--login",
                  "--pin", PASSWORD, "--write-object", "certificate.der", "--type", "cert",
                  "--label", name, "--id", key_id)  # fmt: skip

    def pull_out(self) -> None:
        """Pull out all tokens."""
        for token in (self.folder / "tokens").iterdir():
            token.rename(self.folder / "drawer" / token.name)

    def put_back(self) -> None:
        """Put all tokens back."""
        for token in (self.folder / "drawer").iterdir():
            token.rename(self.folder / "tokens" / token.name)

    def _run(self, *words: str) -> None:
        subprocess.run(words, check=True, capture_output=True, cwd=self.folder, timeout=30)


@contextmanager
def soft_tokens(folder: Path) -> Iterator[SoftTokens]:
    """Give a folder without tokens; skip the test if SoftHSM2 or python-pkcs11 is missing."""
    pkcs11 = pytest.importorskip(
        "pkcs11", reason='python-pkcs11 is not installed (pip install "tiepdon[token]")'
    )
    found = [Path(place) / "libsofthsm2.so" for place in PLACES]
    module = next((str(path) for path in found if path.exists()), None)
    if module is None or not shutil.which("pkcs11-tool") or not shutil.which("softhsm2-util"):
        pytest.skip("SoftHSM2 is not installed (apt install softhsm2 opensc)")
    for name in ("tokens", "drawer"):
        (folder / name).mkdir()
    (folder / "softhsm2.conf").write_text(
        f"directories.tokendir = {folder / 'tokens'}\nslots.removable = true\nlog.level = ERROR\n",
        "utf-8",
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
        yield SoftTokens(folder, module)
        driver = pkcs11.lib(module)
        driver.finalize()
