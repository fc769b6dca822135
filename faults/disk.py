"""A small file system of its own for the blobs, so that it can be full: tmpfs, mounted where only this suite and its children see it."""

import asyncio
import errno
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from faults.case import NotRunError

_INSIDE: Final = "FAULTS_NAMESPACE"
PIECE: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Disk:
    """The mounted file system."""

    folder: Path

    def fill(self) -> None:
        """Write until nothing more fits."""
        with (self.folder / "ballast").open("wb", buffering=0) as file:
            for size in (PIECE, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def make_room(self) -> None:
        """Remove what filled it."""
        (self.folder / "ballast").unlink()


def enter_namespace() -> None:
    """Become a process with a mount namespace of its own, as root or through a user namespace, where allowed; else stay as it is."""
    if _INSIDE in os.environ:
        return
    words = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-current-user", "--keep-caps", "--mount"]
    program = shutil.which("unshare")
    allowed = program is not None and subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0
    if program is not None and allowed:
        os.execvpe(program, [*words, sys.executable, "-m", "faults", *sys.argv[1:]], {**os.environ, _INSIDE: "1"})


@asynccontextmanager
async def small_disk(folder: Path, *, megabytes: int) -> AsyncIterator[Disk]:
    """Mount a small file system over a folder while the block lasts; what the folder held is hidden meanwhile.

    Raises:
        NotRunError: this machine allows neither a mount nor a user namespace.
    """
    if _INSIDE not in os.environ:
        raise NotRunError("mounting a small file system needs root, or user namespaces for everybody")
    mounted = await _run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "faults", str(folder))
    if mounted:
        raise NotRunError(f"mount refuses a small file system: {mounted}")
    try:
        yield Disk(folder)
    finally:
        await _run("umount", "--lazy", str(folder))


async def _run(*words: str) -> str:
    """Run a program; returns what it complained about, empty when all is well."""
    process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE)
    _, complaint = await process.communicate()
    return (complaint.decode(errors="replace").strip() or f"status {process.returncode}") if process.returncode else ""
