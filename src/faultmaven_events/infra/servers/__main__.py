"""The servers alone, until Ctrl-C: `python -m faultmaven_events.infra.servers --home DIR` prints the variables that point at them."""

import argparse
import asyncio
import shlex
import signal
import sys
from contextlib import suppress
from pathlib import Path

from faultmaven_events.errors import SetupError
from faultmaven_events.infra.servers.stack import open_stack
from faultmaven_events.settings import load


async def _run(home: Path) -> None:
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    async with open_stack(home, settings=load(), progress=lambda line: _tell(sys.stderr, line)) as urls:
        for name, url in urls.env().items():
            _tell(sys.stdout, f"export {name}={shlex.quote(url)}")
        await asyncio.Event().wait()


def _tell(stream: object, line: str) -> None:
    print(line, file=stream, flush=True)  # type: ignore[call-overload] # a text stream


def main() -> int:
    """Run until a signal; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m faultmaven_events.infra.servers", description=__doc__)
    parser.add_argument("--home", type=Path, default=None, help="folder for data, logs and passwords (default: FM_HOME, else .faultmaven)")
    try:
        with suppress(asyncio.CancelledError):
            asyncio.run(_run(parser.parse_args().home or load().home))
    except SetupError as error:
        _tell(sys.stderr, f"error: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
