"""The warm parent: reads orders as JSON lines, forks a consumer for each, tells how it ended. Runs with the environment of a consumer."""

import json
import multiprocessing
import os
import select
import signal
import sys
import time
from multiprocessing import forkserver
from typing import Any, Final

from faultmaven_events.consumers.stage import room
from faultmaven_events.topology import BY_NAME
from faults.points.life import Order, live

PATIENCE_S: Final = 40.0
"""Seconds in which a delivery of the wanted type must have come and ended."""


def main() -> None:
    """Serve orders until the input ends."""
    for stage in BY_NAME:
        room(stage)
    multiprocessing.set_forkserver_preload(["faults.points.warm"])
    forkserver.ensure_running()
    spent: list[str] = []
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        ending = one(Order(**json.loads(line), spent=spent))
        spent += [id for id in (ending.get("killed"), ending.get("survived")) if id]
        print(json.dumps(ending), flush=True)


def one(order: Order) -> dict[str, Any]:
    """Let a consumer live, and return the last thing it told."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        # The fork server belongs to the parent and serves us as well; asking after its health is the parent's right alone.
        forkserver._forkserver.ensure_running = lambda: None  # type: ignore[method-assign]  # noqa: SLF001 # see above
        try:
            live(order, write)
        finally:
            os._exit(1)
    os.close(write)
    try:
        return _told(read)
    finally:
        os.close(read)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _told(read: int) -> dict[str, Any]:
    deadline, text = time.monotonic() + PATIENCE_S, b""
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([read], [], [], left)[0]:
            break
        data = os.read(read, 4096)
        if not data:
            return {"ended": text.decode(errors="replace")}
        text += data
        for line in text.splitlines():
            facts: dict[str, Any] = json.loads(line)
            if "killed" in facts or "survived" in facts:
                return facts
    return {"idle": text.decode(errors="replace")}


main()
