"""A process that was installed with the extra of its role has everything that our modules in it import."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

REQUIREMENTS = Path(__file__).parents[3] / "requirements"
ROOMS = {
    "ingress": ("producers.http.app",),
    "classify": ("consumers.classify.consumer",),
    "sanitize": ("consumers.sanitize.consumer",),
    "process": ("consumers.process.consumer",),
    "embed": ("consumers.embed.consumer",),
    "reason": ("consumers.reason.consumer",),
    "record": ("consumers.gather.consumer", "consumers.record.consumer", "consumers.bury.consumer"),
}
PLACES = packages_distributions()


@pytest.mark.parametrize("extra", ROOMS)
def test_an_extra_holds_what_its_processes_import(extra: str) -> None:
    locked = {canonicalize_name(name) for name in re.findall(r"^([\w.-]+)==", (REQUIREMENTS / f"{extra}.txt").read_text(), re.MULTILINE)}
    needed = {name for path in _loaded(extra) for name in _imported(Path(path)) if name in PLACES and name != "faultmaven_events"}
    assert len(needed) > 5
    assert sorted(name for name in needed if not locked & {canonicalize_name(package) for package in PLACES[name]}) == []


def _loaded(extra: str) -> list[str]:
    """Files of ours that a process of that role loads."""
    rooms = [f"faultmaven_events.{room}" for room in (*ROOMS[extra], "consumers.run")]
    ours = "[m.__file__ for n, m in list(sys.modules.items()) if n.startswith('faultmaven_events')]"
    program = f"import sys, {', '.join(rooms)}; print(*{ours}, sep='\\n')"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120).stdout.splitlines()


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]
