"""`make faults`: break the running system in every way that is known, and count what became of every job.

python -m faults [--seed N] [--only CASE]... [--repeat N] [--long] [--jobs N] [--home DIR]
"""

import argparse
import asyncio
import logging
import secrets
import sys
import tempfile
import warnings
from pathlib import Path

from faults.cases import TABLE
from faults.disk import enter_namespace
from faults.suite import Plan, run


def main() -> int:
    """Run; the exit status is 1 when anything was lost, doubled or stuck."""
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--seed", type=lambda text: int(text, 0), help="of contents, moments and choices; default: a new one, which is printed"
    )
    parser.add_argument("--only", action="append", default=[], metavar="CASE", choices=sorted(TABLE), help="run this case; may come again")
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="run everything N times, each time with other choices")
    parser.add_argument("--long", action="store_true", help="longer faults, every await point, and the great load")
    parser.add_argument("--jobs", type=int, default=100_000, help="jobs of the great load in the long run")
    parser.add_argument("--home", type=Path, help="folder to work in; default: a temporary one")
    parser.add_argument("--list", action="store_true", help="list the cases and end")
    given = parser.parse_args()
    if given.list:
        for case in TABLE.values():
            print(f"{case.name:<20} {case.sentence}")
        return 0
    enter_namespace()
    logging.getLogger().addHandler(logging.NullHandler())  # what the client libraries say of a broker that is away is no news here
    # aio-pika closes a connection that never opened when it is collected, by a coroutine that nobody can await any more.
    warnings.filterwarnings("ignore", message="coroutine 'Connection.close' was never awaited")
    seed = secrets.randbelow(2**32) if given.seed is None else given.seed
    with tempfile.TemporaryDirectory(prefix="faultmaven-faults-", ignore_cleanup_errors=True) as folder:
        return asyncio.run(run(given.home or Path(folder), Plan(seed, tuple(given.only), given.long, given.jobs, given.repeat)))


if __name__ == "__main__":
    sys.exit(main())
