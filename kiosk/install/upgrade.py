"""Install a release, or move from one to another.

1. What must hold is looked at; nothing was changed if it does not.
2. The release is made beside the one in use, which goes on running.
3. The one in use makes a verified backup, and the new one opens it on a copy.
4. The program is stopped, and a second backup holds everything until that moment.
5. The link to the release in use is replaced, and the program is started.
6. If it does not become ready, the older release is put back, with the logbook that it left if the
   newer one has changed its schema.

Every step can be done again: a run that was killed is continued by the same command.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kiosk.install.environment import PackageSource, build_release
from kiosk.install.errors import InstallFailed
from kiosk.install.going_back import go_back
from kiosk.install.installed import InstalledProgram
from kiosk.install.layout import InstallLayout
from kiosk.install.places import prepare_places
from kiosk.install.preconditions import (
    require_port,
    require_python,
    require_rights,
    require_space,
)
from kiosk.install.releases import Releases
from kiosk.install.services import (
    Services,
    lacks_facility_code,
    readiness,
    served_at,
    wait_until_healthy,
)
from kiosk.install.wheels import ProgramWheel

Say = Callable[[str], None]


def install(
    layout: InstallLayout,
    services: Services,
    wheel: ProgramWheel,
    source: PackageSource,
    extras: Sequence[str] | None,
    facility: str,
    port: int,
    say: Say,
) -> str:
    """Install the release of a wheel, or upgrade to it; return its name.

    `extras` None: those that are installed.  `facility` and `port` (0: the usual one) are for
    settings that do not exist yet.  Whatever else is there is kept: settings, data.

    Raises InstallFailed; the release that was in use is in use then, unless the error says so.
    """
    require_rights(layout)
    require_python(wheel, layout)
    releases = Releases(layout)
    state = releases.state
    chosen = sorted(state.extras if extras is None else extras)
    name = wheel.release(chosen)
    require_space(layout, source.folder, releases.is_whole(name))
    require_port(layout, services.is_running(), port)
    if state.set_aside:
        raise InstallFailed("a roll-back was interrupted: run rollback again, then this command")
    for rest in releases.remove_remains():
        say(f"removed what an interrupted run left: {rest}")
    for made in prepare_places(layout, facility, port):
        say(f"made {made}")
    if not releases.is_whole(name):
        say(f"making release {name}")
    build_release(layout, releases, wheel, chosen, source)
    state.extras = chosen
    releases.save()
    current = releases.current()
    is_half = bool(state.moving_to) and state.moving_to == current == name
    if current and (current != name or is_half):
        _move(layout, releases, services, name, say)
    else:
        releases.point_to(name)
        settle(layout, services, name, readiness(layout.config), say)
    if gone := releases.prune():
        say(f"removed older releases: {', '.join(gone)}")
    return name


def settle(layout: InstallLayout, services: Services, name: str, before: int, say: Say) -> None:
    """Register, start and wait for the release that the link names.

    Raises InstallFailed if its settings are refused, or it does not become ready.
    """
    services.write(name)
    if trouble := InstalledProgram(layout, name).settings_trouble():
        say(f"installed, and not started: {trouble}. Then run the same command again")
        return
    if services.says:
        say(f"{services.says}. Start it with: {' '.join(_serve(layout, name))}")
        return
    services.start()
    if wrong := wait_until_healthy(services, layout.config, before):
        raise InstallFailed(
            f"release {name} is installed, but {wrong}; see journalctl -u tiepdon, then run the"
            " same command again"
        )
    say(f"release {name} runs")
    if lacks_facility_code(layout.config):
        host, port = served_at(layout.config)
        say(f"set it up in the browser of this PC: http://{host}:{port}/setup")


def _serve(layout: InstallLayout, name: str) -> list[str]:
    options = ["--no-browser", "--config", str(layout.config), "--data", str(layout.data)]
    return [*InstalledProgram(layout, name).command("serve"), *options]


def _move(
    layout: InstallLayout, releases: Releases, services: Services, name: str, say: Say
) -> None:
    state = releases.state
    is_half = state.moving_to == releases.current() == name  # killed after the link was replaced
    older = InstalledProgram(layout, state.moving_from if is_half else releases.current())
    newer = InstalledProgram(layout, name)
    has_logbook = layout.logbook.is_file()
    if not has_logbook and (trouble := newer.settings_trouble()):
        raise InstallFailed(f"release {name} refuses the settings: {trouble}. Nothing was changed")
    before, was_running = readiness(layout.config), services.is_running()
    if not is_half:
        if has_logbook:
            say("making a backup, and opening it with the new release on a copy")
            newer.rehearse(older.back_up().file)
        state.moving_from, state.moving_to, state.moving_backup = older.release, name, ""
        releases.save()
        services.stop()
        try:
            if has_logbook:
                state.moving_backup = older.back_up().file
        except InstallFailed:
            _stay(releases, services, was_running)
            raise
        releases.save()
        releases.point_to(name)
    services.write(name)
    wrong = _start(layout, services, name, before, say)
    if not wrong:
        state.previous, state.backup = older.release, state.moving_backup
        state.moving_from = state.moving_to = state.moving_backup = ""
        releases.save()
        return
    say(f"release {name} is not healthy: {wrong}; going back to {older.release}")
    services.stop()
    backup = state.moving_backup
    go_back(layout, releases, newer, older, backup, is_forced=False, is_broken=True)
    services.write(older.release)
    state.moving_from = state.moving_to = state.moving_backup = ""
    releases.save()
    again = _start(layout, services, older.release, before, say)
    how = f"and {older.release} is in use again" if not again else f"and so is the older: {again}"
    raise InstallFailed(f"release {name} was not healthy ({wrong}), {how}. No visit was lost")


def _stay(releases: Releases, services: Services, was_running: bool) -> None:
    """Give up a move before anything was changed."""
    releases.state.moving_from = releases.state.moving_to = releases.state.moving_backup = ""
    releases.save()
    if was_running:
        services.start()


def _start(layout: InstallLayout, services: Services, name: str, before: int, say: Say) -> str:
    """Start the program; return what is wrong, if it does not become ready."""
    if services.says:
        say(f"{services.says}. Start it with: {' '.join(_serve(layout, name))}")
        return ""
    try:
        services.start()
    except InstallFailed as exc:
        return str(exc)
    wrong = wait_until_healthy(services, layout.config, before)
    if not wrong:
        say(f"release {name} runs")
    return wrong
