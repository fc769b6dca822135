# ruff: noqa: INP001 # a script beside the files that it checks
"""Say where a lock file no longer fits pyproject.toml; needs no network. Exit status 1 when one does not."""

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SETS = ("ingress", "classify", "sanitize", "process", "embed", "reason", "record", "all", "dev")
HERE = Path(__file__).parent
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)
PLACE = re.compile(r"https?://|file://|--(extra-)?index|--find-links")


def wanted(project: dict[str, Any], extra: str) -> list[Requirement]:
    """Return what the project asks for with an extra, the extras that it names included."""
    own = canonicalize_name(project["name"])
    found = []
    for requirement in map(Requirement, project["optional-dependencies"][extra]):
        if canonicalize_name(requirement.name) == own:
            found += [inner for name in sorted(requirement.extras) for inner in wanted(project, name)]
        else:
            found.append(requirement)
    return [*map(Requirement, project["dependencies"]), *found]


def problems(text: str, requirements: list[Requirement]) -> list[str]:
    """Return what is wrong with a lock file, one phrase each."""
    pins = {canonicalize_name(name): version for name, version in PIN.findall(text)}
    wrong = []
    for requirement in requirements:
        version = pins.get(canonicalize_name(requirement.name))
        if version is None:
            wrong.append(f"{requirement.name} is missing")
        elif not requirement.specifier.contains(version, prereleases=True):
            wrong.append(f"{requirement.name} {version} does not fit {requirement.specifier}")
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)
    wrong += [f"{entry.split('==')[0]} has no hash" for entry in entries if PIN.match(entry) and "--hash=sha256:" not in entry]
    return wrong + [f"names a place: {line.strip()}" for line in text.splitlines() if PLACE.search(line)]


def main() -> int:
    """Check every set; the exit status."""
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text())["project"]
    needs = {name: wanted(project, name) for name in SETS} | {"build": [], "uv": [], "llm": []}
    wrong = [
        f"requirements/{name}.txt: {problem}"
        for name, requirements in needs.items()
        for problem in problems((HERE / f"{name}.txt").read_text(), requirements)
    ]
    sys.stdout.write("\n".join([*wrong, "run `make lock`"] if wrong else ["the locks fit pyproject.toml"]) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
