"""Pretend machines on one kernel: each with its own name, address, processes and folders.

A recipe for several servers can be followed on them as it is written: the same paths and the same
port on each.  A machine is a set of Linux namespaces; its network card hangs on a switch that all
machines share.  Needs root.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.shell_blocks import ROOT

PROGRAMS = ("unshare", "nsenter", "ip", "runuser", "hostname")
OWN_FOLDERS = (
    *("/etc/postgresql", "/var/lib/postgresql", "/var/log/postgresql", "/var/backups"),
    "/var/lib/tiepdon",
)
IN_MEMORY = (
    "/dev/shm",
    "/run/postgresql",
    "/run/systemd",
)  # systemd's: no service manager runs here
PROGRAMS_AT = "/media/programs"  # `tiepdon` and `run_kiosk.py` of this checkout
START_S = 10
NAMESPACES = ("--mount", "--net", "--uts", "--ipc", "--pid")


def missing() -> str:
    """Return why there can be no such machines here; empty if there can be."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "pretend machines need Linux, and root"
    lacks = [program for program in PROGRAMS if shutil.which(program) is None]
    if lacks:
        return f"pretend machines need {' '.join(lacks)}"
    done = subprocess.run(["unshare", *NAMESPACES, "--fork", "true"], check=False)
    return "" if done.returncode == 0 else "this kernel gives no namespaces"


class Machine:
    """One machine. Its own folders survive a power cut."""

    def __init__(self, name: str, address: str, folder: Path, network: Network) -> None:
        """`address` is its IPv4 address with the length of the network's prefix."""
        self.name, self.address = name, address
        self._folder, self._network = folder, network
        self._process: subprocess.Popen[bytes] | None = None

    def boot(self) -> None:
        """Switch it on. No service starts by itself."""
        # Bash, as the first process of the machine, takes care of the orphans.
        hold = ["bash", "-c", "sleep infinity & wait"]
        words = ["unshare", *NAMESPACES, "--fork", "--mount-proc", "--kill-child", *hold]
        self._process = subprocess.Popen(words, start_new_session=True)
        self._first = _only_child(self._process.pid)
        self._network.plug(self.name, self._first)
        for place in OWN_FOLDERS:
            (self._folder / place[1:].replace("/", "-")).mkdir(parents=True, exist_ok=True)
        binds = {place: self._folder / place[1:].replace("/", "-") for place in OWN_FOLDERS}
        network = self._network
        binds |= {"/media/stick": network.stick, PROGRAMS_AT: network.programs}
        mounts = [f"mount --bind {own} {place}" for place, own in binds.items()]
        # Memory last: what is mounted above may itself lie there.
        mounts += [f"mount -t tmpfs none {each}" for each in IN_MEMORY if Path(each).is_dir()]
        lines = [
            f"hostname {self.name}",
            "mount -t tmpfs none /media",
            f"mkdir -p {' '.join((*binds, '/run/postgresql'))}",
            f"mount --bind {network.hosts} /etc/hosts",
            *mounts,
            "chown postgres:postgres /etc/postgresql /var/lib/postgresql /run/postgresql",
            "chown root:postgres /var/log/postgresql",
            "chmod 1775 /var/log/postgresql",
            "ip link set lo up",
            f"ip address add {self.address} dev eth0",
            "ip link set eth0 up",
        ]
        self.run("\n".join(lines))

    def run(self, text: str, *, typed: str = "", timeout_s: float = 60) -> str:
        """Run a shell block as root, with the program on the path; return what it printed.

        `typed` is what it reads.  Raises AssertionError with its errors if a command of it fails.
        """
        done = subprocess.run(
            [*self._inside(), "bash", "-c", f"set -e\n{text}"],
            env=os.environ | {"PATH": f"{PROGRAMS_AT}:{os.environ['PATH']}"},
            input=typed,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        assert done.returncode == 0, (self.name, text, done.stdout, done.stderr)
        return done.stdout

    def fails(self, text: str) -> None:
        """Run a shell block that has to fail."""
        self.run(f"! (set -e\n{text}\n)")

    def cut_power(self) -> None:
        """End all its processes at once; what was on its disks stays."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
            self._network.unplug(self.name)

    def _inside(self) -> Sequence[str]:
        return ["nsenter", "-t", str(self._first), *NAMESPACES]


class Network:
    """The switch, the names of all machines, and a stick that can be put into each."""

    def __init__(self, folder: Path, names: dict[str, str]) -> None:
        """`names` are the machines' full names with their addresses."""
        self.folder, self.hosts, self.programs = folder, folder / "hosts", folder / "programs"
        lines = [f"{address} {name}\n" for name, address in names.items()]
        self.hosts.write_text("127.0.0.1 localhost\n" + "".join(lines), "ascii")
        self.stick = folder / "stick"
        self.stick.mkdir()
        self.programs.mkdir()
        for name in ("run_kiosk.py", "tiepdon"):
            program = self.programs / name
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT}/run_kiosk.py" "$@"\n')
            program.chmod(0o755)
        hold = ["unshare", "--net", "--fork", "--kill-child", "sleep", "infinity"]
        self._process = subprocess.Popen(hold, start_new_session=True)
        self._first = _only_child(self._process.pid)
        self._ip("link add switch type bridge")
        self._ip("link set switch up")

    def plug(self, name: str, process: int) -> None:
        """Connect a machine, whose first process has this id."""
        self._ip(f"link add {name} type veth peer name eth0 netns {process}")
        self._ip(f"link set {name} master switch up")

    def unplug(self, name: str) -> None:
        """Remove what is left of a machine's cable."""
        words = ["nsenter", "-t", str(self._first), "--net", "ip", "link", "delete", name]
        subprocess.run(words, check=False, capture_output=True)  # it may have gone with the machine

    def close(self) -> None:
        """End the switch."""
        self._process.kill()
        self._process.wait()

    def _ip(self, words: str) -> None:
        inside = ["nsenter", "-t", str(self._first), "--net", "ip", *words.split()]
        subprocess.run(inside, check=True)


@contextlib.contextmanager
def machines(folder: Path, domain: str, addresses: dict[str, str]) -> Iterator[dict[str, Machine]]:
    """Yield machines by their short names, switched on; switch them off afterwards.

    `addresses` are their IPv4 addresses, each with the length of the network's prefix.
    """
    names = {f"{name}.{domain}": address.split("/")[0] for name, address in addresses.items()}
    network, made = Network(folder, names), dict[str, Machine]()
    try:
        for name, address in addresses.items():
            made[name] = Machine(name, address, folder / name, network)
            made[name].boot()
        yield made
    finally:
        for machine in made.values():
            machine.cut_power()
        network.close()


def _only_child(process: int) -> int:
    """Return the id of the process that `unshare` has started."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        children = Path(f"/proc/{process}/task/{process}/children").read_text("ascii").split()
        if children and os.readlink(f"/proc/{children[0]}/ns/net") != os.readlink(
            "/proc/self/ns/net"
        ):
            return int(children[0])
        time.sleep(0.01)
    raise AssertionError("the namespaces of a machine were not there in time")
