"""Tables are read in one pass into columns of numbers, whatever their shape."""

import tracemalloc

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from faultmaven_events.consumers.process.metrics.grid import read_grid
from faultmaven_events.consumers.process.metrics.rows import MOST_CELLS

CELL = st.sampled_from(["1", "2.5", "", "NaN", "-", "1,5", "12 MB", "3 GB", "inf", "up", "x y", '"q"', "1e999"])
TIME = st.integers(0, 50).map(lambda second: f"2024-05-02T10:00:{second:02d}Z")


def test_a_long_table_takes_a_small_part_of_what_its_cells_would() -> None:
    lines = [
        "time,host,value",
        *(f"2024-05-02T10:{at // 60:02d}:{at % 60:02d}Z,host-{host:02d},{host}.{at}" for at in range(600) for host in range(50)),
    ]
    tracemalloc.start()
    recording = read_grid(lines)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(recording.series) == 50
    assert all(len(one) == 600 for one in recording.series)
    assert peak < 200 * len(lines)


def test_a_very_wide_table_is_learnt_from_few_of_its_rows() -> None:
    width = MOST_CELLS // 20
    lines = [",".join(["time", *(f"m{n}" for n in range(width))])]
    lines += [",".join([f"2024-05-02T10:00:{at:02d}Z", *["1.5"] * width]) for at in range(60)]
    recording = read_grid(lines)
    assert len(recording.series) == width
    assert all(len(one) == 60 for one in recording.series)


def test_units_are_those_of_the_series_not_of_the_column() -> None:
    lines = ["time,metric,value"]
    for at in range(10):
        lines += [f"2024-05-02T10:00:{at:02d}Z,memory,{'1.5 GB' if at == 5 else '900 MB'}", f"2024-05-02T10:00:{at:02d}Z,latency,{at} ms"]
    found = {one.name: one.values for one in read_grid(lines).series}
    assert found["memory"].tolist() == [900.0] * 5 + [1500.0] + [900.0] * 4
    assert found["latency"].tolist() == [float(at) for at in range(10)]


def test_series_without_gaps_share_their_times() -> None:
    lines = ["time,a,b", *(f"2024-05-02T10:00:{at:02d}Z,{at},{at}" for at in range(60))]
    one, other = read_grid(lines).series
    assert np.shares_memory(one.seconds, other.seconds)


@given(st.lists(st.tuples(TIME, CELL, CELL), max_size=60))
def test_no_cell_gets_into_a_row_that_is_not_its_own(rows: list[tuple[str, str, str]]) -> None:
    lines = ["time;a;b", *(";".join(row) for row in rows)]
    for series in read_grid(lines).series:
        for value, line in zip(series.values.tolist(), series.lines.tolist(), strict=True):
            place = 1 if series.name.startswith("a") else 2
            cell = rows[line - 2][place] if series.name[:1] in {"a", "b"} else ""
            assert not cell or cell[:1] in str(value) or cell in {"3 GB", "12 MB"}
