"""The result as a table: minimum and median over rounds, and ratios to the first contestant of the same run."""

import statistics
from collections.abc import Iterator, Mapping, Sequence

from bench.chain.contestants import COMMON, CONTESTANTS, Contestant
from bench.chain.meter import Figures

HEAD = f"{'two-stage chain':<18} {'runs on':<10} {'CPU µs/message':>15} {'x raw':>6} {'messages/s':>14} {'x raw':>6}"


def lines(results: Mapping[Contestant, Sequence[Figures]], rounds: int, size: int) -> Iterator[str]:
    """Yield the table's lines."""
    yield f"{rounds} rounds, one after the other in turn; {size} bytes; min / median of CPU, max / median of the rate; ratios of medians"
    yield HEAD
    measured = {contestant: figures for contestant, figures in results.items() if figures}
    base = next(iter(measured.values()), ())
    for contestant, figures in measured.items():
        yield _row(contestant, figures, base)
    for contestant in CONTESTANTS:
        if contestant not in measured:
            yield f"{contestant.name:<18} {contestant.loop:<10} not measured: {_why(contestant)}"
    yield f"All: {COMMON}. Beyond that:"
    seen = {contestant.name: contestant.promises for contestant in measured}
    yield from (f"  {name}: {promises}" for name, promises in seen.items())


def _row(contestant: Contestant, figures: Sequence[Figures], base: Sequence[Figures]) -> str:
    cpu, rate = [each.cpu_us for each in figures], [each.rate for each in figures]
    middle_cpu, middle_rate = statistics.median(cpu), statistics.median(rate)
    times_cpu = middle_cpu / statistics.median(each.cpu_us for each in base)
    times_rate = middle_rate / statistics.median(each.rate for each in base)
    return (
        f"{contestant.name:<18} {contestant.loop:<10} {min(cpu):>6.0f} / {middle_cpu:>6.0f} {times_cpu:>6.2f} "
        f"{max(rate):>6.0f} / {middle_rate:>5.0f} {times_rate:>6.2f}"
    )


def _why(contestant: Contestant) -> str:
    return "left out or failed, see above" if contestant.installed else f"{contestant.needs} is not installed"
