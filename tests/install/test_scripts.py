"""The shipped scripts and files parse, and hold what the installer and the documents say."""

from __future__ import annotations

import plistlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.install.launchd import property_lists
from kiosk.install.nightly import nightly_command
from kiosk.install.places import shipped_text
from tests.process import ROOT

INSTALL = ROOT / "config" / "install"


@pytest.mark.parametrize("name", ["install.sh", "tiepdon.sh"])
@pytest.mark.skipif(sys.platform == "win32", reason="there is no sh")
def test_a_shell_script_parses(name: str) -> None:
    file = INSTALL / "linux" / name
    assert subprocess.run(["sh", "-n", str(file)], check=False).returncode == 0
    if shutil.which("shellcheck"):
        done = subprocess.run(["shellcheck", "-s", "sh", str(file)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("grammar", "name"),
    [
        ("tree_sitter_powershell", "windows/install.ps1"),
        ("tree_sitter_containerfile", "container/Containerfile"),
    ],
)
def test_a_file_for_another_system_parses(grammar: str, name: str) -> None:
    tree_sitter = pytest.importorskip("tree_sitter")
    language = tree_sitter.Language(pytest.importorskip(grammar).language())
    parser = tree_sitter.Parser(language)

    tree = parser.parse((INSTALL / name).read_bytes())
    broken = parser.parse((INSTALL / name).read_bytes() + b"\n)))}{ FROM")

    assert not tree.root_node.has_error
    assert broken.root_node.has_error  # else nothing was shown


def test_the_powershell_script_only_calls_python() -> None:
    text = shipped_text("install", "windows", "install.ps1")

    assert "& py -3 -P -m kiosk.install @words" in text
    for decision in ("New-Service", "sc.exe", "icacls", "schtasks", "Copy-Item", "Remove-Item"):
        assert decision not in text


def test_the_script_takes_no_module_of_the_folder_in_which_it_is_started(tmp_path: Path) -> None:
    (tmp_path / "kiosk").mkdir()
    (tmp_path / "kiosk" / "__init__.py").write_text("raise SystemExit('planted')")
    wheel = tmp_path / "tiepdon-1-py3-none-any.whl"
    wheel.write_bytes(b"")

    script = ["sh", str(INSTALL / "linux" / "install.sh"), "--wheel", str(wheel)]
    done = subprocess.run(script, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert "planted" not in done.stderr
    assert done.returncode != 0


def test_without_a_wheel_the_script_says_what_it_expected(tmp_path: Path) -> None:
    script = tmp_path / "install.sh"
    shutil.copyfile(INSTALL / "linux" / "install.sh", script)
    done = subprocess.run(["sh", str(script)], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert f"no tiepdon-*.whl in {tmp_path}" in done.stderr


@pytest.mark.parametrize(
    ("settings", "command"),
    [
        ('[insurer]\nurl = "https://gateway"\n', "sync"),
        ('[insurer]\nurl = ""\n', "backup"),
        ("[facility]\n", "backup"),
        ("insurer = 1\n", "sync"),  # the program says what is wrong
        ("no toml", "sync"),
    ],
)
def test_the_nightly_job_is_what_the_settings_ask_for(
    tmp_path: Path, settings: str, command: str
) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text(settings, "utf-8")

    words = nightly_command("tiepdon", str(file), "/data")

    assert words == ["tiepdon", command, "--config", str(file), "--data", "/data"]


def test_the_property_lists_start_the_program_and_the_nightly_job() -> None:
    places = ("/opt/bin/tiepdon", "/opt/nightly.py", "/etc/kiosk.toml", "/var/tiepdon")
    lists = property_lists("desk", *map(Path, places))
    desk, night = (plistlib.loads(content) for _name, content in sorted(lists.items()))

    assert sorted(lists) == ["vn.tiepdon.desk.plist", "vn.tiepdon.nightly.plist"]
    assert desk["ProgramArguments"][:3] == ["/opt/bin/tiepdon", "serve", "--no-browser"]
    assert desk["KeepAlive"] == {"SuccessfulExit": False}
    assert night["StartCalendarInterval"] == {"Hour": 19, "Minute": 30}
    assert night["ProgramArguments"][0] == "/opt/bin/python"
    assert desk["UserName"] == night["UserName"] == "desk"


def test_the_installer_needs_nothing_but_the_standard_library() -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1]); import kiosk.install.__main__;"
    code += " print(*sys.modules)"
    words = [sys.executable, "-S", "-I", "-c", code, str(ROOT)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in done.stdout.split()}

    assert loaded - set(sys.stdlib_module_names) - {"kiosk", "__main__"} == set()


def test_both_guides_name_each_command_and_each_message() -> None:
    english, vietnamese = (
        (ROOT / "docs" / name).read_text("utf-8") for name in ("install.md", "install.vi.md")
    )
    for words in (
        "install.sh --facility",
        "tiepdon rollback",
        "tiepdon uninstall",
        "upgrade --wheels",
    ):
        assert words in english
        assert words in vietnamese
    sources = "".join(file.read_text("utf-8") for file in (ROOT / "kiosk/install").glob("*.py"))
    plain = re.sub(r'"\s+f?"', "", sources)
    for message in re.findall(
        r"^\| `((?:needs|another program|is not|No network|other acc)[^`]+)`", english, re.M
    ):
        assert message.replace("SHA256SUMS", "{SUMS}") in plain, message
        assert message in vietnamese
