"""Clients that load the system over HTTP, bounded in number and time."""

import asyncio
import os
import random
import statistics
import time
from collections.abc import AsyncIterator, Callable

import aiohttp

DONE = {"completed", "failed", "expired"}
_WORDS = "timeout refused pool checkout cache worker order invoice retry session user queue disk replica lock".split()


def log_lines(megabytes: float, seed: int = 7) -> AsyncIterator[bytes]:
    """Yield a plausible application log of that size in pieces of about 64 KiB: many templates, some errors, some personal data."""
    source = random.Random(seed)

    async def pieces() -> AsyncIterator[bytes]:
        written, second = 0, 0
        while written < megabytes * 2**20:
            lines = []
            for _ in range(500):
                second += source.random() < 0.2
                level = source.choices(("INFO", "WARN", "ERROR"), (90, 7, 3))[0]
                word, other = source.choice(_WORDS), source.choice(_WORDS)
                at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(1_780_000_000 + second))
                number = source.randrange(10_000)
                who, id = f"user{number}@example.com", f"{source.randrange(2**32):08x}"
                lines.append(f"{at}.{number % 1000:03d}Z {level} app.{word} {other} {word} took {number} ms user={who} id={id}\n")
            piece = "".join(lines).encode()
            written += len(piece)
            yield piece

    return pieces()


def _form(data: bytes | AsyncIterator[bytes]) -> aiohttp.FormData:
    form = aiohttp.FormData()
    form.add_field("file", data, filename="app.log", content_type="text/plain")
    return form


async def accept_latency(url: str, *, clients: int, seconds: float, pause: float) -> tuple[float, float, float]:
    """Return p50 and p95 in seconds and the rate of accepted uploads of 1 KB; a client waits `pause` seconds after each answer."""
    body = b"2026-11-20T05:30:00Z ERROR shop connection refused\n" * 20
    taken: list[float] = []
    end = time.monotonic() + seconds
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=clients)) as session:

        async def client() -> None:
            await asyncio.sleep(random.random() * pause)
            while time.monotonic() < end:
                started = time.monotonic()
                async with session.post(f"{url}/api/v1/data", data=_form(body)) as answer:
                    await answer.read()
                    if answer.status == 202:
                        taken.append(time.monotonic() - started)
                await asyncio.sleep(pause)

        await asyncio.gather(*(client() for _ in range(clients)))
    return statistics.median(taken), statistics.quantiles(taken, n=20)[-1], len(taken) / seconds


async def end_to_end(url: str, megabytes: float) -> float:
    """Return the seconds from the start of an upload until its job is completed, with nothing else going on."""
    await drained(url)
    async with aiohttp.ClientSession() as session:
        started = time.monotonic()
        async with session.post(f"{url}/api/v1/data", data=_form(log_lines(megabytes, seed=int.from_bytes(os.urandom(4))))) as answer:
            job = (await answer.json())["job_id"]
        while True:
            async with session.get(f"{url}/api/v1/jobs/{job}") as answer:
                status = (await answer.json())["status"]
            if status in DONE:
                if status != "completed":
                    raise SystemExit(f"the benchmark's job {status}")
                return time.monotonic() - started
            await asyncio.sleep(0.1)


async def drained(url: str) -> None:
    """Wait until no job is under way, at most 10 minutes."""
    async with aiohttp.ClientSession() as session:
        for _ in range(600):
            counts = []
            for status in ("accepted", "running"):
                async with session.get(f"{url}/api/v1/jobs", params={"status": status, "limit": "1"}) as answer:
                    counts.append(len((await answer.json())["items"]))
            if not any(counts):
                return
            await asyncio.sleep(1)
    raise SystemExit("the jobs of the benchmark did not end within 10 minutes")


async def upload_memory(url: str, megabytes: float, resident: Callable[[], int]) -> int:
    """Return by how many bytes the ingress grew at most while a file of that size was uploaded."""
    before, peak = resident(), 0

    async def watch() -> None:
        nonlocal peak
        while True:
            peak = max(peak, resident())
            await asyncio.sleep(0.05)

    watching = asyncio.create_task(watch())
    async with aiohttp.ClientSession() as session, session.post(f"{url}/api/v1/data", data=_form(log_lines(megabytes))) as answer:
        await answer.read()
    watching.cancel()
    return max(0, peak - before)
