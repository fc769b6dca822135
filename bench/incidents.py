"""Recorded incidents through the running pipeline, and their score.

python -m bench.incidents DIR [--api URL] [--out FOLDER] [--only TEXT] [--in-process] [--home FOLDER]

DIR holds one folder per incident: `question.txt` and `evidence/`. Each is submitted over HTTP as a person would; without --api the system
is started for it. The answers are written as `<incident>.json`; a scorer is run when one is found (`$FM_EVAL`, or `../shared/eval`).
"""

import argparse
import asyncio
import json
import mimetypes
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from bench.inprocess import run as run_in_process
from faultmaven_events.reports.markdown import markdown
from faultmaven_events.settings import load

WAIT = 50
DEADLINE = 600.0
TERMINAL = frozenset({"completed", "failed", "expired"})


def evidence(folder: Path) -> dict[str, Path]:
    """Names, relative to the folder's `evidence`, and paths."""
    root = folder / "evidence"
    return {path.relative_to(root).as_posix(): path for path in sorted(root.rglob("*")) if path.is_file()}


def incidents(folder: Path, only: str) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if (path / "question.txt").is_file() and only in path.name]


async def ask(client: httpx.AsyncClient, folder: Path) -> dict[str, Any]:
    """Submit one incident and return its finished job."""
    files = [
        ("files", (name, path.read_bytes(), mimetypes.guess_type(name)[0] or "application/octet-stream"))
        for name, path in evidence(folder).items()
    ]
    question = (folder / "question.txt").read_text(encoding="utf-8").strip()
    accepted = await client.post("/api/v1/troubleshoot", data={"question": question}, files=files)
    accepted.raise_for_status()
    address = f"/api/v1/jobs/{accepted.json()['job_id']}"
    deadline = time.monotonic() + DEADLINE
    while True:
        answer = await client.get(address, headers={"Prefer": f"wait={WAIT}"})
        answer.raise_for_status()
        job: dict[str, Any] = answer.json()
        if job["status"] in TERMINAL:
            return job
        if time.monotonic() > deadline:
            raise TimeoutError(f"{folder.name}: not done after {DEADLINE:.0f} s, at stage {job.get('stage')}")
        await asyncio.sleep(0.2)


def shaped(report: dict[str, Any], text: str) -> dict[str, Any]:
    """The answer in the shape that scorers read."""
    keep = ("statement", "component", "category", "onset")
    hypotheses = [
        {key: h.get(key) for key in keep}
        | {"citations": [{key: c[key] for key in ("file", "line_start", "line_end")} for c in h.get("citations", ())]}
        for h in report.get("hypotheses", ())
    ]
    return {"verdict": report["verdict"], "hypotheses": hypotheses, "text": text}


@asynccontextmanager
async def api(url: str | None, home: Path | None) -> AsyncIterator[str]:
    """The address of a running ingress: the given one, or that of a system started for this run."""
    if url:
        yield url
        return
    from faultmaven_events.infra.servers.supervisor import open_system

    settings = load()
    settings = settings.model_copy(update={"home": home}) if home else settings
    async with open_system(settings.home, settings, lambda line: print(line, file=sys.stderr), 0) as system:
        yield system.api_url


async def through_the_system(folders: list[Path], url: str | None, home: Path | None, out: Path) -> None:
    async with api(url, home) as base, httpx.AsyncClient(base_url=base, timeout=httpx.Timeout(WAIT + 30)) as client:
        for folder in folders:
            started = time.monotonic()
            job = await ask(client, folder)
            took = time.monotonic() - started
            if job["status"] != "completed":
                print(f"{folder.name:<28} {job['status']} after {took:.1f} s: {(job.get('error') or {}).get('message')}", flush=True)
                continue
            result = job["result"]
            write(out, folder.name, shaped(result["report"], result["markdown"]))
            print(f"{folder.name:<28} {result['report']['verdict']:<14} {took:6.1f} s", flush=True)


def in_process(folders: list[Path], out: Path) -> None:
    for folder in folders:
        started = time.monotonic()
        question = (folder / "question.txt").read_text(encoding="utf-8").strip()
        report = run_in_process(question, {name: path.read_bytes() for name, path in evidence(folder).items()})
        write(out, folder.name, shaped(report.model_dump(mode="json"), markdown(report)))
        print(f"{folder.name:<28} {report.verdict:<14} {time.monotonic() - started:6.1f} s", flush=True)


def write(out: Path, name: str, answer: dict[str, Any]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{name}.json").write_text(json.dumps(answer, indent=1, ensure_ascii=False), encoding="utf-8")


def scorer() -> Path | None:
    """Where a scorer lies, if there is one."""
    places = [Path(os.environ["FM_EVAL"])] if os.environ.get("FM_EVAL") else []
    places.append(Path(__file__).resolve().parents[2] / "shared" / "eval")
    return next((place / "score_incidents.py" for place in places if (place / "score_incidents.py").is_file()), None)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.incidents", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dir", type=Path)
    parser.add_argument("--api", help="address of a running ingress")
    parser.add_argument("--home", type=Path, help="home of the system that is started")
    parser.add_argument("--out", type=Path, default=Path(".faultmaven/incidents"))
    parser.add_argument("--only", default="", help="only incidents whose name contains this")
    parser.add_argument("--in-process", action="store_true", help="as function calls, without broker and stores")
    options = parser.parse_args(arguments)
    folders = incidents(options.dir, options.only) if options.dir.is_dir() else []
    if not folders:
        parser.error(f"{options.dir} holds no incidents (folders with question.txt and evidence/)")
    if options.in_process:
        in_process(folders, options.out)
    else:
        asyncio.run(through_the_system(folders, options.api, options.home, options.out))
    script = scorer()
    if script is None:
        print(f"The answers are in {options.out}; no scorer was found (FM_EVAL).")
        return 0
    only = ["--only", options.only] if options.only else []
    return subprocess.run([sys.executable, str(script), str(options.dir), "--reports", str(options.out), *only], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
