"""Drawing the timeline as SVG: valid XML without scripts or anything from outside, with words for those who do not see it."""

import xml.etree.ElementTree as ET  # it only writes; nothing is parsed
from typing import Final

from faultmaven_events.reports import picture as places
from faultmaven_events.reports.document import Picture
from faultmaven_events.reports.picture import LEFT, RIGHT, TOP, WIDTH, Layout, Spot, laid
from faultmaven_events.reports.plain import plain, stamp
from faultmaven_events.reports.sections import KINDS, picture
from faultmaven_events.reports.style import PICTURE
from faultmaven_events.schemas.report import IncidentReport, Moment

ROW: Final = 18.0
"""Height of a line of text below the drawing."""
_TEXT: Final = 90
"""Characters of such a line."""
_LOOKS: Final[dict[str, dict[str, str]]] = {
    "paper": {"fill": "#ffffff"},
    "lane": {"fill": "#57606a", "fill-opacity": "0.07"},
    "felt": {"fill": "#cf222e", "fill-opacity": "0.14"},
    "mark": {"stroke": "#57606a", "stroke-opacity": "0.35"},
    "break": {"stroke": "#57606a", "stroke-width": "2", "stroke-dasharray": "2 4"},
    "cause": {"stroke": "#8250df", "stroke-width": "2", "stroke-dasharray": "6 3"},
    "text": {"font-size": "12", "fill": "#1f2328"},
    "name": {"font-size": "12", "fill": "#1f2328", "font-weight": "600", "text-anchor": "end"},
    "tag": {"font-size": "11", "fill": "#1f2328"},
    "tag end": {"font-size": "11", "fill": "#1f2328", "text-anchor": "end"},
    "time": {"font-size": "11", "fill": "#1f2328", "text-anchor": "middle"},
    "number": {"font-size": "10", "fill": "#ffffff", "font-weight": "700", "text-anchor": "middle"},
    "sure": {"stroke": "#ffffff"},
    "shifted": {"stroke": "#1f2328", "stroke-width": "1.5", "stroke-dasharray": "2 2"},
}
"""By class, as attributes, so that the drawing looks the same wherever it is put; the style adds what the dark needs."""
_COLOURS: Final = {
    "change": "#6639ba",
    "first_anomaly": "#7d4e00",
    "symptom": "#a40e26",
    "detection": "#0550ae",
    "action": "#24292f",
    "recovery": "#116329",
}
_SHAPES: Final = {
    "change": "M0,-11 L11,0 L0,11 L-11,0 Z",
    "first_anomaly": "M0,-11 L11,9 L-11,9 Z",
    "symptom": "M-10,-10 H10 V10 H-10 Z",
    "detection": "M0,-11 L10,-5 V5 L0,11 L-10,5 V-5 Z",
    "action": "M-11,-6 L0,-11 L11,-6 V9 H-11 Z",
    "recovery": "M11,0 A11,11 0 1 1 -11,0 A11,11 0 1 1 11,0 Z",
}
"""Each kind has a shape of its own, so that colour is not needed."""


def svg(report: IncidentReport) -> str:
    """Return the timeline of a report as an SVG document, its moments as text below."""
    drawn = drawing(picture(report.timeline, report), legend=True)
    if drawn is None:
        drawn = _root(WIDTH, 60, "Timeline", "The evidence has no moment with a time.")
        _text(drawn, LEFT, 35, "The evidence has no moment with a time.")
    drawn.insert(2, _style())
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(drawn, encoding="unicode") + "\n"


def drawing(timeline: Picture, *, legend: bool) -> ET.Element | None:
    """Return a timeline as an element; None when there is nothing to draw. Its styles are `style.PICTURE`."""
    layout = laid(timeline)
    if layout is None:
        return None
    moments = list(timeline.moments)[: places.MOST]
    height = layout.height + (ROW * (len(moments) + 1) if legend else 0)
    root = _root(WIDTH, height, "Timeline in UTC", _told(timeline, moments))
    if legend:
        _put(root, "rect", {"class": "paper", "x": "0", "y": "0", "width": _n(WIDTH), "height": _n(height)})
    _grounds(root, layout, timeline)
    _scale(root, layout)
    for spot in layout.spots:
        _spot(root, spot)
    for number, moment in enumerate(moments, 1) if legend else ():
        _text(root, 12, layout.height + ROW * number, f"{number}  {stamp(moment.at)}  {KINDS[moment.kind]}: {plain(moment.text, _TEXT)}")
    return root


def _told(timeline: Picture, moments: list[Moment]) -> str:
    """The drawing in words."""
    first, last = min(m.at for m in moments), max(m.at for m in moments)
    felt = f"; felt from {stamp(timeline.felt_from)}" if timeline.felt_from else ""
    return f"{len(moments)} moments from {stamp(first)} to {stamp(last)}{felt}"


def _root(width: float, height: float, title: str, about: str) -> ET.Element:
    named = {"role": "img", "aria-labelledby": "timeline-title timeline-about", "class": "timeline"}
    size = {"viewBox": f"0 0 {_n(width)} {_n(height)}", "width": _n(width), "height": _n(height)}
    root = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **size, **named, "font-family": "system-ui, sans-serif"})
    _put(root, "title", {"id": "timeline-title"}).text = title
    _put(root, "desc", {"id": "timeline-about"}).text = about
    return root


def _style() -> ET.Element:
    style = ET.Element("style")
    style.text = PICTURE
    return style


def _grounds(root: ET.Element, layout: Layout, timeline: Picture) -> None:
    """What lies under the spots: lanes with names, the time in which it was felt, when the cause set in."""
    for lane in layout.lanes:
        _put(root, "rect", {"class": "lane", "x": _n(LEFT), "y": _n(lane.y), "width": _n(RIGHT - LEFT), "height": _n(lane.height)})
        _text(root, LEFT - 8, lane.y + lane.height / 2 + 4, KINDS[lane.kind], "name")
    if layout.felt:
        begin, end = layout.felt
        shade = _put(
            root,
            "rect",
            {"class": "felt", "x": _n(begin), "y": _n(TOP - 4), "width": _n(end - begin), "height": _n(layout.bottom - TOP + 4)},
        )
        _put(shade, "title").text = f"felt from {stamp(timeline.felt_from)}" if timeline.felt_from else "felt"
        _text(root, begin + 3, TOP - 9, "felt", "tag")
    if layout.cause is not None:
        _line(root, "cause", layout.cause, TOP - 4, layout.bottom)
        _text(root, layout.cause - 3, TOP - 9, "cause", "tag end")


def _scale(root: ET.Element, layout: Layout) -> None:
    for x, text in layout.marks:
        _line(root, "mark", x, TOP, layout.bottom + 5)
        _text(root, x, layout.bottom + 19, text, "time")
    for edge, text, at in ((layout.earlier, "earlier", -places.ASIDE / 2), (layout.later, "later", places.ASIDE / 2)):
        if edge is not None:
            _line(root, "break", edge, TOP - 4, layout.bottom + 5)
            _text(root, edge + at, layout.bottom + 19, text, "time")


def _spot(root: ET.Element, spot: Spot) -> None:
    m = spot.moment
    group = _put(root, "g", {"class": f"spot {m.kind}", "transform": f"translate({_n(spot.x)},{_n(spot.y)})"})
    note = f" ({plain(m.clock_note, 200)})" if m.clock_note else ""
    _put(group, "title").text = f"{spot.number}  {stamp(m.at)}  {KINDS[m.kind]}: {plain(m.text, 300)}{note}"
    _put(group, "path", {"d": _SHAPES[m.kind], "class": "shifted" if m.clock_note else "sure", "fill": _COLOURS[m.kind]})
    _text(group, 0, 4, str(spot.number), "number")


def _line(root: ET.Element, name: str, x: float, top: float, bottom: float) -> None:
    _put(root, "line", {"class": name, "x1": _n(x), "x2": _n(x), "y1": _n(top), "y2": _n(bottom)})


def _text(parent: ET.Element, x: float, y: float, text: str, name: str = "text") -> None:
    _put(parent, "text", {"class": name, "x": _n(x), "y": _n(y)}).text = text


def _put(parent: ET.Element, tag: str, attributes: dict[str, str] | None = None) -> ET.Element:
    given = attributes or {}
    return ET.SubElement(parent, tag, {**_LOOKS.get(given.get("class", ""), {}), **given})


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
