"""The drawing of a timeline: everything in its place, nothing over anything else."""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.reports.full import BARE, FULL, NOON, at

from faultmaven_events.reports.axis import axis
from faultmaven_events.reports.document import Picture
from faultmaven_events.reports.picture import ASIDE, GAP, KINDS, LEFT, RIGHT, TOP, laid
from faultmaven_events.reports.svg import svg
from faultmaven_events.schemas.report import Moment

times = st.one_of(
    st.datetimes(min_value=NOON.replace(tzinfo=None), max_value=at(900).replace(tzinfo=None), timezones=st.just(UTC)),
    st.datetimes(timezones=st.just(UTC)),
)
moments = st.lists(st.builds(Moment, at=times, kind=st.sampled_from(KINDS), text=st.just("x")), min_size=1, max_size=60)


@settings(max_examples=80, deadline=None)
@given(found=moments, felt=st.tuples(st.none() | times, st.none() | times), cause=st.none() | times)
def test_no_moment_hides_another_and_none_lies_outside(
    found: list[Moment], felt: tuple[datetime | None, datetime | None], cause: datetime | None
) -> None:
    layout = laid(Picture(found, *felt, cause))
    assert layout is not None
    assert sorted(spot.number for spot in layout.spots) == list(range(1, len(found) + 1))
    for one, other in combinations(layout.spots, 2):
        assert abs(one.x - other.x) >= GAP or abs(one.y - other.y) >= GAP
    for spot in layout.spots:
        assert LEFT <= spot.x <= RIGHT
        assert TOP <= spot.y <= layout.bottom
    assert len(layout.marks) <= 9
    assert all(one[0] < other[0] for one, other in pairwise(layout.marks))
    ET.fromstring(svg(FULL.model_copy(update={"timeline": tuple(found)})))


def test_marks_stand_at_round_times_and_name_the_day_once() -> None:
    line = axis([0.0, 150.0], (None, None))
    assert [m.text for m in line.marks()] == ["1970-01-01 00:00:00", "00:00:30", "00:01:00", "00:01:30", "00:02:00", "00:02:30"]
    over_midnight = axis([86_000.0, 87_400.0], (None, None))
    assert [m.text for m in over_midnight.marks() if " " in m.text] == ["1970-01-01 23:55", "1970-01-02 00:00"]


def test_what_happened_long_before_does_not_squeeze_what_was_felt() -> None:
    long_before = Moment(at=NOON - timedelta(hours=20), kind="change", text="x")
    layout = laid(Picture([long_before, *FULL.timeline], at(70), at(400), NOON - timedelta(hours=20)))
    assert layout is not None
    assert layout.earlier == LEFT + ASIDE
    assert layout.cause is None
    first, *others = layout.spots
    assert first.x < layout.earlier < min(spot.x for spot in others)
    assert layout.felt
    assert layout.felt[1] - layout.felt[0] > 200


def test_a_report_without_moments_says_so() -> None:
    assert "no moment with a time" in svg(BARE)
    ET.fromstring(svg(BARE))


def test_the_felt_time_is_shaded_and_the_cause_marked() -> None:
    root = ET.fromstring(svg(FULL))
    shapes = {e.get("class"): e for e in root.iter() if e.get("class")}
    begin, width = float(shapes["felt"].get("x") or 0), float(shapes["felt"].get("width") or 0)
    spots = [
        float((g.get("transform") or "").removeprefix("translate(").partition(",")[0])
        for g in root.iter()
        if "spot" in (g.get("class") or "")
    ]
    assert spots[2] == begin
    assert abs(spots[5] - begin - width) < 0.2
    assert shapes["cause"].get("x1") == f"{spots[0]:g}"
