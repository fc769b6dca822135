"""A process that was installed with the extra of its role has everything that it imports at its start."""

import re
import subprocess
import sys
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
OURS = {"faultmaven-events"}


@pytest.mark.parametrize("extra", ROOMS)
def test_an_extra_holds_what_its_processes_import(extra: str) -> None:
    names = [f"faultmaven_events.{room}" for room in (*ROOMS[extra], "consumers.run")]
    program = f"import sys; import {', '.join(names)}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    imported = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120).stdout.split()
    locked = {canonicalize_name(name) for name in re.findall(r"^([\w.-]+)==", (REQUIREMENTS / f"{extra}.txt").read_text(), re.MULTILINE)}
    places = packages_distributions()
    needed = {name: {canonicalize_name(one) for one in places[name]} for name in imported if name in places}
    assert sorted(name for name, packages in needed.items() if not packages & (locked | OURS)) == []
