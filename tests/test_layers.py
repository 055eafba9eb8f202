"""Which room may import which, where each outside library is at home, and how modules look.

Each test collects every offence and shows them all.
"""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path
    for place in ("run_kiosk.py", "scanner", "verify", "kiosk")
    for path in ([ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("*.py"))
)
MAX_LINES = 400  # of a module; a face is only a list of names
MAX_ROOT_FILES = 6  # directly in kiosk/
NO_NAMES = {"utils", "helpers", "manager", "base", "common"}

# Which of our packages and rooms each may import, beside itself.
MAY_IMPORT = {
    "run_kiosk": {"kiosk.cli"},
    "scanner": set(),
    "verify": set(),
    "kiosk": set(),
    "kiosk.errors": set(),
    "kiosk.runtime": {"kiosk.errors"},
    "kiosk.settings": {"kiosk.errors", "kiosk.runtime"},
    "kiosk.registry": {"kiosk.errors", "kiosk.runtime", "verify"},
    "kiosk.data": {
        "kiosk.errors", "kiosk.help", "kiosk.registry", "kiosk.runtime", "kiosk.settings", "verify",
    },
    "kiosk.help": {"verify"},
    "kiosk.feed": {"kiosk.data", "kiosk.errors", "kiosk.runtime", "kiosk.settings", "verify"},
    "kiosk.publisher": {
        "kiosk.data", "kiosk.errors", "kiosk.registry", "kiosk.runtime", "verify",
    },
    "kiosk.logbook": {"kiosk.errors", "kiosk.runtime", "verify"},
    "kiosk.insurer": {
        "kiosk.errors", "kiosk.logbook", "kiosk.runtime", "kiosk.settings", "verify",
    },
    "kiosk.desk": {
        "kiosk.data", "kiosk.errors", "kiosk.insurer", "kiosk.logbook", "kiosk.queue",
        "kiosk.settings", "scanner", "verify",
    },
    "kiosk.paper": set(),
    "kiosk.proof": {"kiosk.errors", "kiosk.logbook", "kiosk.runtime", "verify"},
    "kiosk.privacy": {
        "kiosk.data", "kiosk.errors", "kiosk.logbook", "kiosk.settings", "kiosk.staff", "verify",
    },
    "kiosk.queue": {"kiosk.errors", "kiosk.logbook", "kiosk.runtime", "verify"},
    "kiosk.reports": {"kiosk.errors", "kiosk.insurer", "kiosk.logbook", "verify"},
    "kiosk.hub": {
        "kiosk.errors", "kiosk.logbook", "kiosk.runtime", "kiosk.settings", "verify",
    },
    "kiosk.setup": {
        "kiosk.data", "kiosk.errors", "kiosk.feed", "kiosk.runtime", "kiosk.settings", "scanner",
        "verify",
    },
    "kiosk.staff": {"kiosk.errors", "kiosk.logbook", "kiosk.runtime", "verify"},
    "kiosk.readers": {"kiosk.logbook", "kiosk.settings", "scanner", "verify"},
    "kiosk.tickets": {
        "kiosk.errors", "kiosk.logbook", "kiosk.queue", "kiosk.settings", "verify",
    },
    "kiosk.sync": {
        "kiosk.desk", "kiosk.errors", "kiosk.insurer", "kiosk.logbook", "kiosk.privacy",
        "kiosk.runtime", "verify",
    },
    "kiosk.backup": {
        "kiosk.errors", "kiosk.logbook", "kiosk.runtime", "kiosk.settings", "verify",
    },
    "kiosk.doctor": {
        "kiosk.backup", "kiosk.data", "kiosk.errors", "kiosk.insurer", "kiosk.logbook",
        "kiosk.privacy", "kiosk.proof", "kiosk.queue", "kiosk.runtime", "kiosk.settings",
        "kiosk.tickets", "scanner", "verify",
    },
    "kiosk.alerts": {
        "kiosk.doctor", "kiosk.errors", "kiosk.runtime", "kiosk.settings", "kiosk.webhooks",
        "verify",
    },
    "kiosk.assembly": {
        "kiosk.alerts", "kiosk.backup", "kiosk.data", "kiosk.desk", "kiosk.doctor", "kiosk.errors",
        "kiosk.feed", "kiosk.fhir", "kiosk.hub",
        "kiosk.insurer", "kiosk.logbook", "kiosk.privacy", "kiosk.proof", "kiosk.queue",
        "kiosk.readers", "kiosk.reports", "kiosk.runtime", "kiosk.settings", "kiosk.setup",
        "kiosk.staff", "kiosk.sync", "kiosk.tickets", "kiosk.webhooks", "verify",
    },
    "kiosk.fhir": {"kiosk.errors", "kiosk.logbook", "verify"},
    "kiosk.webhooks": {"kiosk.errors", "kiosk.logbook", "kiosk.runtime", "kiosk.settings"},
    "kiosk.metrics": {"kiosk.assembly", "kiosk.backup", "kiosk.logbook", "kiosk.runtime"},
    "kiosk.web": {
        "kiosk.assembly", "kiosk.backup", "kiosk.desk", "kiosk.doctor", "kiosk.errors",
        "kiosk.fhir", "kiosk.help",
        "kiosk.insurer", "kiosk.logbook", "kiosk.metrics", "kiosk.paper",
        "kiosk.privacy", "kiosk.queue", "kiosk.readers", "kiosk.reports", "kiosk.runtime",
        "kiosk.settings", "kiosk.setup",
        "kiosk.staff", "kiosk.sync",
        "kiosk.tickets", "scanner", "verify",
    },
    # The sandbox imports the product; the product never imports the sandbox.
    "kiosk.sandbox": {
        "kiosk.data", "kiosk.desk", "kiosk.publisher", "kiosk.registry", "kiosk.runtime",
        "scanner", "verify",
    },
    "kiosk.drills": {
        "kiosk.assembly", "kiosk.desk", "kiosk.runtime", "kiosk.sandbox", "kiosk.settings",
        "scanner",
    },
    # It also runs out of a wheel, where none of our libraries is.
    "kiosk.install": {"kiosk.errors", "kiosk.runtime"},
    "kiosk.cli": {"kiosk", "scanner", "verify"},
}  # fmt: skip

# Rooms whose `__init__` offers what others use of them; nobody reaches past it.
WITH_A_FACE = {
    "scanner", "verify", "kiosk.alerts", "kiosk.assembly", "kiosk.backup", "kiosk.data",
    "kiosk.desk", "kiosk.doctor", "kiosk.feed", "kiosk.fhir",
    "kiosk.help", "kiosk.hub", "kiosk.install", "kiosk.insurer", "kiosk.logbook", "kiosk.metrics",
    "kiosk.paper", "kiosk.privacy",
    "kiosk.proof", "kiosk.publisher", "kiosk.queue", "kiosk.readers", "kiosk.registry",
    "kiosk.reports", "kiosk.sandbox", "kiosk.settings", "kiosk.setup", "kiosk.staff", "kiosk.sync",
    "kiosk.tickets", "kiosk.webhooks",
}  # fmt: skip

# The only modules, or rooms, that use an outside library.
HOMES = {
    "serial": {"scanner.ports", "scanner.serial_reader"},
    "cv2": {"scanner.picture"},
    "zxingcpp": {"scanner.stages"},
    "pyzbar": {"scanner.zbar"},
    "numpy": {
        "kiosk.registry.build", "scanner.cost_guard", "scanner.picture", "scanner.preprocessing",
        "scanner.scene", "scanner.structured_append",
    },
    "cbor2": {"verify.signed", "kiosk.sandbox"},
    "base45": {"kiosk.sandbox"},
    "cryptography": {
        "verify.signed", "kiosk.insurer.certificate", "kiosk.insurer.certificate_look",
        "kiosk.insurer.key_file",
        "kiosk.insurer.signer", "kiosk.insurer.usb_token", "kiosk.insurer.xml_signature",
        "kiosk.proof.keys", "kiosk.proof.signed_roots", "kiosk.publisher.keys",
        "kiosk.runtime.local_authority", "kiosk.sandbox", "kiosk.staff.second_factor",
    },
    "argon2": {"kiosk.staff.pins"},
    "msgspec": {"kiosk.web.api"},
    "pyotp": {"kiosk.staff.second_factor"},
    "flask": {"kiosk.cli.serve", "kiosk.runtime.webserver", "kiosk.sandbox", "kiosk.web"},
    "flask_babel": {"kiosk.web"},
    "waitress": {"kiosk.runtime.web_channel", "kiosk.runtime.webserver"},
    "sqlite_utils": {
        "kiosk.data.answers_db", "kiosk.logbook", "kiosk.privacy", "kiosk.proof.keys",
        "kiosk.staff",
    },
    # The engine of files that may be encrypted has one owner.  A registry and a lock never are.
    "sqlite3": {"kiosk.registry", "kiosk.runtime.lock", "kiosk.runtime.sqlite"},
    "sqlcipher3": {"kiosk.runtime.sqlite"},
    "servicemanager": {"kiosk.install.windows_service"},
    "win32event": {"kiosk.install.windows_service"},
    "win32service": {"kiosk.install.windows_service"},
    "win32serviceutil": {"kiosk.install.windows_service"},
    "win32crypt": {"kiosk.runtime.key_store"},
    "urllib3": {"kiosk.feed.sources", "kiosk.insurer.transport", "kiosk.runtime.http_client"},
    "tomlkit": {"kiosk.setup.toml_text"},
    "tuf": {"kiosk.feed.download", "kiosk.feed.targets", "kiosk.feed.trust", "kiosk.publisher"},
    "securesystemslib": {"kiosk.publisher"},
    "signxml": {"kiosk.insurer.xml_signature", "kiosk.sandbox"},
    "lxml": {"kiosk.insurer.xml_signature", "kiosk.sandbox"},
    "pkcs11": {"kiosk.insurer.usb_token"},
    "segno": {
        "kiosk.cli.sandbox", "kiosk.help.links", "kiosk.sandbox", "kiosk.tickets.drawing",
        "kiosk.web.pages.readers", "kiosk.web.pages.staff", "scanner.structured_append",
    },
    "PIL": {"kiosk.tickets.drawing", "kiosk.tickets.printers", "kiosk.tickets.spool"},
    "escpos": {"kiosk.tickets.printers", "kiosk.tickets.windows_queue"},
    "win32print": {"kiosk.tickets.windows_queue"},
    "reportlab": {"kiosk.paper"},
    "xlsxwriter": {"kiosk.reports.files"},
    "fhir": {"kiosk.fhir.bundle"},
    "pydantic": {"kiosk.fhir.bundle"},
    "standardwebhooks": {"kiosk.webhooks.message"},
    "psycopg": {"kiosk.hub.connection"},
    "click": {"kiosk.cli"},
    "prometheus_client": {"kiosk.metrics"},
}  # fmt: skip
# What the pure package must not use.
NOT_IN_VERIFY = {"sqlite3", "sqlite_utils", "threading", "subprocess", "socket"}


def module_of(path: Path) -> str:
    """Return the dotted name of a file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def imports(path: Path) -> Iterator[str]:
    """Yield what a file imports, wherever in it; of `from a import b` both `a` and `a.b`."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            yield node.module or ""
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                if submodule in MODULES and alias.name not in offered(node.module or ""):
                    yield submodule


@functools.cache
def offered(package: str) -> set[str]:
    """Return the names that a package's `__init__` imports."""
    return {
        alias.name
        for node in tree(MODULES[package]).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


MODULES = {module_of(path): path for path in SOURCES}


def within(module: str, rooms: set[str]) -> bool:
    return any(module == room or module.startswith(room + ".") for room in rooms)


def room_of(module: str) -> str:
    """Return the room of a module: the longest that contains it."""
    return max((room for room in MAY_IMPORT if within(module, {room})), key=len)


def is_ours(module: str) -> bool:
    return module.split(".")[0] in ("scanner", "verify", "kiosk", "run_kiosk", "tests")


def test_a_room_imports_only_what_it_may() -> None:
    offences = [
        f"{module} imports {other}"
        for module, path in MODULES.items()
        for other in imports(path)
        if is_ours(other) and not within(other, MAY_IMPORT[room_of(module)] | {room_of(module)})
    ]

    assert not offences, "\n".join(offences)


def test_all_sources_are_found() -> None:
    assert {module.split(".")[0] for module in MODULES} == {
        "run_kiosk", "scanner", "verify", "kiosk",
    }  # fmt: skip
    assert len(MODULES) > 200


def test_every_room_has_its_rule() -> None:
    rooms = {".".join(module.split(".")[:2]) for module in MODULES if module.startswith("kiosk.")}

    assert rooms == {room for room in MAY_IMPORT if room.startswith("kiosk.")}


def test_a_room_takes_from_another_only_what_it_offers() -> None:
    offences = [
        f"{module} reaches into {other}"
        for module, path in MODULES.items()
        for other in imports(path)
        if is_ours(other)
        for room in [room_of(other)]
        if room in WITH_A_FACE and other != room and room != room_of(module)
    ]

    assert not offences, "\n".join(offences)


def test_a_room_offers_only_what_others_use() -> None:
    used = {
        (node.module, alias.name)
        for module, path in MODULES.items()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and room_of(module) != node.module
        for alias in node.names
    }
    offences = [
        f"{room} offers {name}, which no other room uses"
        for room in sorted(WITH_A_FACE)
        for node in tree(MODULES[room]).body
        if isinstance(node, ast.Assign)
        for name in ast.literal_eval(node.value)
        if (room, name) not in used
    ]

    assert not offences, "\n".join(offences)


def test_each_library_is_used_at_its_home_only() -> None:
    offences = [
        f"{module} imports {other}"
        for module, path in MODULES.items()
        for other in imports(path)
        if not within(module, HOMES.get(other.split(".")[0], {module}))
    ]

    assert not offences, "\n".join(offences)


def test_verify_opens_no_database_and_starts_no_thread() -> None:
    offences = [
        f"{module} imports {other}"
        for module, path in MODULES.items()
        if within(module, {"verify"})
        for other in imports(path)
        if other.split(".")[0] in NOT_IN_VERIFY
    ]

    assert not offences, "\n".join(offences)


def test_the_machine_s_clock_is_read_at_the_edge_only() -> None:
    offences = [
        f"{module} calls {ast.unparse(node.func)}"
        for module, path in MODULES.items()
        if not within(module, {"kiosk.cli"})
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if ast.unparse(node.func) in ("datetime.now", "date.today", "time.time")
    ]

    assert not offences, "\n".join(offences)


def loads(module: str) -> Iterator[str]:
    """Yield what importing a module loads of ours: what it names, and the packages around that.

    A package around the module itself is being loaded already.
    """
    for other in imports(MODULES[module]):
        parts = other.split(".")
        around = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
        yield from (
            name for name in around
            if name in MODULES and name != module and not module.startswith(name + ".")
        )  # fmt: skip


def test_no_import_goes_round_in_a_circle() -> None:
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " → ".join((*trail, module))
        if module not in done:
            for other in loads(module):
                visit(other, (*trail, module))
            done.add(module)

    for module in MODULES:
        visit(module, ())


def loaded_by(statement: str) -> set[str]:
    """Return what a fresh process has loaded after a statement."""
    code = f"{statement}; import sys; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(run.stdout.split())


def test_importing_the_errors_loads_no_library() -> None:
    loaded = loaded_by("import kiosk.errors")

    assert "kiosk.errors" in loaded
    assert not loaded & {"flask", "tuf", "babel", "flask_babel", "numpy", "cv2", "sqlite3"}


def test_importing_the_verifier_loads_no_web_no_feed_and_no_database() -> None:
    loaded = loaded_by("import verify")

    assert "verify.judge" in loaded
    assert not loaded & {"flask", "tuf", "babel", "numpy", "cv2", "sqlite3", "kiosk"}


def test_a_module_is_short_and_says_what_it_is() -> None:
    offences = [
        f"{module}: {why}"
        for module, path in MODULES.items()
        for why, holds in (
            (
                "longer than 400 lines",
                path.name != "__init__.py"
                and len(path.read_text("utf-8").splitlines()) > MAX_LINES,
            ),
            ("no docstring", not (ast.get_docstring(tree(path)) or "").strip()),
            ("a name that says nothing", path.stem in NO_NAMES),
        )
        if holds
    ]

    assert not offences, "\n".join(offences)


def test_the_root_of_kiosk_holds_few_files() -> None:
    assert len(list((ROOT / "kiosk").glob("*.py"))) <= MAX_ROOT_FILES


def test_a_class_name_is_used_once_in_the_program() -> None:
    places: dict[str, list[str]] = {}
    for module, path in MODULES.items():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(module)
    twice = {name: found for name, found in places.items() if len(found) > 1}

    assert not twice
