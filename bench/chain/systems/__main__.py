"""One run in a process of its own: `python -m bench.chain.systems MODULE LOOP TASK` prints its figures as JSON."""

import asyncio
import inspect
import json
import sys
from dataclasses import asdict
from importlib import import_module

import uvloop

from bench.chain.meter import Meter, Task


def main(module: str, loop: str, text: str) -> None:
    task = Task.parse(text)
    meter = Meter(task.messages)
    run = import_module(f"bench.chain.systems.{module}").run
    if inspect.iscoroutinefunction(run):
        (uvloop.run if loop == "uvloop" else asyncio.run)(run(task, meter))
    else:
        run(task, meter)
    assert meter.figures is not None
    print(json.dumps(asdict(meter.figures)))


main(*sys.argv[1:])
