"""The distribution's packages, unpacked into a private cache without root: nothing of the system is changed.

apt resolves and downloads (its own lists, signatures checked by the system's keyrings) into folders of ours; dpkg-deb unpacks them.
"""

import asyncio
import fcntl
import os
import platform
import re
import shutil
import tempfile
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from faultmaven_events.errors import SetupError

# What the servers load at run time. libc and the loader are always the system's own; the rest of the closure (perl, python, pam, cron)
# serves maintainer scripts, which never run here.
_NEEDED = re.compile(r"^(rabbitmq-server|erlang-.*|zlib1g|lib.*)$")
_UNUSED = re.compile(r"^(libc6|libcrypt1|libperl.*|libpython.*|libpam.*|libsemanage.*|libsepol.*|libaudit.*|lib.*-perl|libdebconf.*)$")
_PLANNED = re.compile(r"^Inst (\S+) \((\S+) ", re.MULTILINE)
_COMPLAINT = re.compile(r"^[EW]: (.*)$", re.MULTILINE)

_CONFIG = """\
Dir::State::lists "{work}/lists";
Dir::State::status "{work}/status";
Dir::Cache "{work}/cache";
Dir::Log "{work}";
APT::Sandbox::User "";
Debug::NoLocking "true";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Install-Recommends "false";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear Acquire::IndexTargets::deb::DEP-11;
#clear Acquire::IndexTargets::deb::CNF;
"""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Packages that are unpacked together, with all they need."""

    name: str
    wanted: tuple[str, ...]
    purpose: str
    """What for, as a sentence about it begins: `RabbitMQ`."""


def cache_folder() -> Path:
    """Where downloads stay, for every checkout of this user: `$XDG_CACHE_HOME/faultmaven`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "faultmaven"


def bundle_folder(bundle: Bundle) -> Path:
    """Where a bundle lies, or will: one folder per release of the distribution and processor."""
    release = platform.freedesktop_os_release()
    return cache_folder() / bundle.name / f"{release.get('ID', 'linux')}-{release.get('VERSION_ID', '0')}-{platform.machine()}"


def can_unpack() -> bool:
    """Whether this is a Debian or one of its children."""
    return bool(shutil.which("apt-get") and shutil.which("dpkg-deb"))


async def unpacked(bundle: Bundle, *, prepare: Callable[[Path, Path], None], progress: Callable[[str], None]) -> Path:
    """Return the folder of an unpacked bundle; downloads it when nobody has yet.

    Args:
        bundle: what to unpack.
        prepare: called with (the unpacked tree, where it will lie) before it appears there.
        progress: told when a download begins.

    Raises:
        SetupError: it cannot be had; the message says why.
    """
    folder = bundle_folder(bundle)
    if folder.exists():
        return folder
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with _alone(folder.parent / "lock"):
        if not folder.exists():
            progress(f"{bundle.purpose}: downloading the distribution's packages (once, to {folder})")
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix="unpacking-") as name:
                tree = await _download(bundle, Path(name))
                await asyncio.to_thread(prepare, tree, folder)
                tree.replace(folder)
    return folder


async def _download(bundle: Bundle, work: Path) -> Path:
    for part in ("lists/partial", "cache/archives/partial", "debs", "tree"):
        (work / part).mkdir(parents=True)
    (work / "status").touch()
    config = work / "apt.conf"
    config.write_text(_CONFIG.format(work=work))
    _, updated = await _run("apt-get", "-c", str(config), "update", cwd=work)
    status, plan = await _run("apt-get", "-c", str(config), "-s", "install", *bundle.wanted, cwd=work)
    names = [f"{name}={version}" for name, version in _PLANNED.findall(plan) if _NEEDED.match(name) and not _UNUSED.match(name)]
    if status or not names:
        raise SetupError(_failure(bundle, updated + plan))
    status, output = await _run("apt-get", "-c", str(config), "download", *names, cwd=work / "debs")
    if status:
        raise SetupError(_failure(bundle, output))
    for deb in sorted((work / "debs").glob("*.deb")):
        status, output = await _run("dpkg-deb", "-x", str(deb), str(work / "tree"), cwd=work)
        if status:
            raise SetupError(f"{bundle.purpose}: {deb.name} cannot be unpacked ({output.strip().splitlines()[-1:]})")
    return work / "tree"


def _failure(bundle: Bundle, output: str) -> str:
    complaint = next(iter(_COMPLAINT.findall(output)), "apt-get gave no reason").strip()
    return (
        f"{bundle.purpose}: its packages ({', '.join(bundle.wanted)}) could not be downloaded from the distribution's mirror "
        f"({complaint[:200]}): check the network and apt's sources, install them, or set FM_*_URL to servers elsewhere"
    )


async def _run(*argv: str, cwd: Path) -> tuple[int, str]:
    env = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    child = await asyncio.create_subprocess_exec(*argv, cwd=cwd, env=env, stdout=PIPE, stderr=STDOUT)
    try:
        output, _ = await child.communicate()
    except asyncio.CancelledError:
        child.kill()
        await child.wait()
        raise
    assert child.returncode is not None
    return child.returncode, output.decode(errors="replace")


@asynccontextmanager
async def _alone(path: Path) -> AsyncIterator[None]:
    """Let one process at a time in; the lock is gone with the process that held it."""
    with path.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(0.2)
        yield
