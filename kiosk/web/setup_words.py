"""The words of the first-run assistant: steps, what a field should be, what a trial showed."""

from __future__ import annotations

from flask.sansio.app import App
from flask_babel import lazy_gettext as _l

from kiosk.insurer import AccountResult, SigningTrouble
from kiosk.setup import Expected, PlaceResult, SetupStep, StepState
from kiosk.tickets import PrinterTrouble

STEP_TITLES = {
    SetupStep.FACILITY: _l("Facility"),
    SetupStep.STAFF: _l("Staff"),
    SetupStep.READER: _l("Card reader"),
    SetupStep.PRINTER: _l("Ticket printer"),
    SetupStep.GATEWAY: _l("Account at the insurer’s gateway"),
    SetupStep.CERTIFICATE: _l("Signing certificate"),
    SetupStep.FEED: _l("Data feed"),
    SetupStep.BACKUP: _l("Backups"),
    SetupStep.TEST: _l("Test scan"),
}
STEP_HINTS = {
    SetupStep.FACILITY: _l("Code, level and points: from them follow how much insurance pays."),
    SetupStep.STAFF: _l("Who signs in, and as what."),
    SetupStep.READER: _l("Readers that are attached to this computer."),
    SetupStep.PRINTER: _l("For the number that patients take with them."),
    SetupStep.GATEWAY: _l("With it cards are looked up and visits are reported."),
    SetupStep.CERTIFICATE: _l("What is sent to the insurer has to be signed."),
    SetupStep.FEED: _l("Card data that also work without the internet."),
    SetupStep.BACKUP: _l("A copy of the logbook each night, better on another disk."),
    SetupStep.TEST: _l("One scan shows that everything works together."),
}
STATE_WORDS = {
    StepState.DONE: _l("done"),
    StepState.OPEN: _l("to do"),
    StepState.WAITING: _l("begun, not saved"),
    StepState.WRONG: _l("needs a look"),
    StepState.NOT_NEEDED: _l("not needed"),
}
EXPECTED_WORDS = {
    Expected.CODE: _l("the 5 characters of the facility’s code, for instance 01999"),
    Expected.REQUIRED: _l("something here; the field is empty"),
    Expected.SCORE: _l("a whole number from 0 to 100"),
    Expected.CHOICE: _l("one of the choices"),
    Expected.LINE: _l("one line without hidden characters"),
    Expected.SHORTER: _l("a shorter text"),
    Expected.WEB_ADDRESS: _l("https:// and a host, without a path, as https://gateway.example.vn"),
    Expected.FEED_ADDRESS: _l("an address such as https://host/feed"),
    Expected.CITIZEN_NUMBER: _l("12 digits"),
    Expected.WHOLE_PATH: _l("a whole path, such as /mnt/backup or E:\\backup"),
    Expected.ROOT_NEEDED: _l("the root key file of the feed, which says whose signatures count"),
    Expected.FREE_NAME: _l("a name that no other one has"),
    Expected.NUMBER: _l("a whole number, 300 or more"),
    Expected.PASSWORD: _l("the password; none is kept yet"),
    Expected.KEY_FILE: _l("a PKCS#12 file (.p12, .pfx) and its password, which fit together"),
    Expected.NO_PROGRAM: _l("a driver that was installed, outside of this program’s data"),
    Expected.SOURCE: _l("an address or a folder"),
    Expected.CODE_PERIODS: _l(
        "one of the codes of [[facility.codes]]: change those in the file by hand"
    ),
}
ACCOUNT_WORDS = {
    AccountResult.SIGNED_IN: _l("The gateway has accepted the account."),
    AccountResult.WRONG_PASSWORD: _l(
        "The gateway answers, and refuses the name or the password (code 401). Type both again:"
        " after several wrong tries it locks the account."
    ),
    AccountResult.WRONG_FACILITY: _l(
        "The gateway answers, and does not know the account for a facility (code 402). The name is"
        " usually the facility’s code and _BV."
    ),
    AccountResult.LOCKED: _l(
        "The gateway answers: the account is locked (code 403). Ask your BHXH office to unlock it."
    ),
    AccountResult.NO_SUCH_HOST: _l(
        "No machine has this address. Is it written correctly, and is this computer online?"
    ),
    AccountResult.NO_CONNECTION: _l(
        "The machine at this address takes no connection. Ask whether the hospital’s firewall lets"
        " this computer out."
    ),
    AccountResult.NOT_TRUSTED: _l(
        "The certificate at this address is not one that this computer trusts, so nothing was sent."
        " Is a filter of the hospital in between?"
    ),
    AccountResult.NO_ANSWER: _l(
        "The gateway did not answer within 10 seconds. At busy hours it is slow: try again later."
    ),
    AccountResult.NOT_A_GATEWAY: _l(
        "Something answers at this address, and it is not the insurer’s gateway. Check the address."
    ),
}
PLACE_WORDS = {
    PlaceResult.GOOD: _l("The folder can be written and lies on another disk."),
    PlaceResult.SAME_DISK: _l(
        "The folder can be written, and lies on the same disk as the logbook: if the disk is lost,"
        " both are. A second disk, a stick or a share is better."
    ),
    PlaceResult.INSIDE_DATA: _l("This is inside the data directory; a folder elsewhere is needed."),
    PlaceResult.NOT_A_FOLDER: _l("This is a file, not a folder."),
    PlaceResult.MISSING: _l(
        "There is no such folder, nor the one above it. Is the stick or the share connected?"
    ),
    PlaceResult.NOT_WRITABLE: _l(
        "The program’s account cannot write there. Give it the right, or choose another folder."
    ),
    PlaceResult.FULL: _l("There is not enough free space for a copy of the logbook."),
}
PRINTER_WORDS = {
    PrinterTrouble.NOT_INSTALLED: _l(
        'The library for printers is not installed: pip install "tiepdon[print]".'
    ),
    PrinterTrouble.UNREACHABLE: _l(
        "The printer cannot be reached. Switch it on; check its cable and its address."
    ),
    PrinterTrouble.NO_ANSWER: _l(
        "The printer takes the connection and does not say how it is. Switch it off and on; if it"
        " never answers, choose “does not answer” below."
    ),
    PrinterTrouble.PAPER_OUT: _l("The printer is out of paper."),
    PrinterTrouble.OFFLINE: _l("The printer is not ready: close its cover."),
}
PRINTER_OTHER = _l("The test broke off: look whether a ticket came out.")
SIGNING_WORDS = {
    SigningTrouble.ENDING: _l("It ends within 30 days: order a new one."),
    SigningTrouble.ENDED: _l("It has ended: nothing can be signed with it."),
    SigningTrouble.NOT_YET_VALID: _l("It is not valid yet. Is this computer’s clock right?"),
    SigningTrouble.KEY_FILE: _l("The file cannot be opened with this password."),
    SigningTrouble.KEY_KIND: _l("Its key is of a kind with which nothing can be signed."),
    SigningTrouble.MISMATCH: _l("The certificate does not belong to the key."),
    SigningTrouble.MODULE: _l("The driver cannot be loaded. Is it installed, and for 64 bits?"),
    SigningTrouble.TOKEN_ABSENT: _l("The token is not plugged in, or has another label."),
    SigningTrouble.TOKEN_TWICE: _l("Several tokens fit: name the label of one."),
    SigningTrouble.TOKEN_KEY: _l("The token shows no certificate, or several: name the key."),
    SigningTrouble.PIN: _l("The PIN cannot be read, or the token refused it before."),
}
SIGNING_OTHER = _l("The certificate cannot be used.")
# What was done, or why not, by the name that a page has for it.
SAID = {
    "saved": _l("Saved."),
    "kept": _l("What you typed is kept. Nothing was changed yet."),
    "wrong": _l("Nothing was saved yet. Correct the field that is marked."),
    "changed": _l(
        "Nothing was saved: somebody changed the settings meanwhile. What you typed is still here;"
        " saving it now keeps their other changes."
    ),
    "not_allowed": _l("A step of this kind cannot be left out."),
    "forgotten": _l("What was typed is thrown away; the settings are as they were."),
    "removed": _l("Removed."),
    "added": _l("Added."),
    "wait": _l("Wait a minute before the next try: the gateway locks accounts after wrong tries."),
    "needed": _l("The step is open again."),
}


def install_setup_words(app: App) -> None:
    """Let the templates say the steps and results in the page's language."""
    app.add_template_filter(lambda step: STEP_TITLES[step], "step_title")
    app.add_template_filter(lambda step: STEP_HINTS[step], "step_hint")
    app.add_template_filter(lambda state: STATE_WORDS[state], "step_state")
    app.add_template_filter(lambda expected: EXPECTED_WORDS[expected], "expected_text")
    app.add_template_filter(lambda result: PLACE_WORDS[PlaceResult(result)], "place_text")
    app.add_template_filter(lambda result: ACCOUNT_WORDS[AccountResult(result)], "account_text")
    app.add_template_filter(
        lambda trouble: SIGNING_WORDS.get(trouble, SIGNING_OTHER), "signing_text"
    )
    app.add_template_filter(lambda said: SAID.get(said, ""), "setup_said")


def printer_text(trouble: PrinterTrouble) -> str:
    """Return why a printer did not print, and what to do."""
    return str(PRINTER_WORDS.get(trouble, PRINTER_OTHER))
