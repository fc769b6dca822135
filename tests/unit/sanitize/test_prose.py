"""Names and places in prose, with a spaCy pipeline that the tests make: it knows two names and a town."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from faultmaven_events.consumers.sanitize import flow as flow_module
from faultmaven_events.consumers.sanitize.flow import PROSE, Flow
from faultmaven_events.consumers.sanitize.prose import PART, check, people
from faultmaven_events.consumers.sanitize.redact import Terms, redact_chunk
from faultmaven_events.errors import SetupError, UnreadableContent
from faultmaven_events.infra.pool import open_pool

KEY = bytes(32)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([  # type: ignore[attr-defined]  # spaCy's pipes are typed as callables
        {"label": "PERSON", "pattern": "Amara Visser"},
        {"label": "PERSON", "pattern": "Jonas"},
        {"label": "GPE", "pattern": "Bonn"},
        {"label": "ORG", "pattern": "Orders"},
    ])  # fmt: skip
    folder = tmp_path_factory.mktemp("model") / "names"
    nlp.to_disk(folder)
    return str(folder)


def clean(text: str, model: str) -> str:
    return redact_chunk(text, KEY, None, Terms(model=model)).text


def test_names_and_places_go_and_organizations_stay(model: str) -> None:
    result = clean("Ask Amara Visser in Bonn\nwhy Orders is slow; Jonas knows.\r\n", model)
    assert "Amara" not in result
    assert "Bonn" not in result
    assert "Jonas" not in result
    assert "why Orders is slow; PERSON_" in result
    assert "in PLACE_" in result
    assert result.count("\n") == 2
    assert result.endswith(" knows.\r\n")


def test_without_a_model_a_bare_name_stays() -> None:
    assert clean("Ask Amara Visser", "") == "Ask Amara Visser"


def test_a_second_run_changes_nothing(model: str) -> None:
    once = clean("Amara Visser wrote to Jonas at jonas@mail.example", model)
    assert clean(once, model) == once


def test_a_name_is_found_behind_the_first_part_of_a_long_text(model: str) -> None:
    lines = ["word " * 20] * (PART // 50) + ["x" * (PART + 1), "word " * (PART // 4) + "Jonas knows", "call Jonas"]
    found = people(lines, model)
    assert [*found] == [len(lines) - 2, len(lines) - 1]
    assert [lines[number][each.start : each.end] for number in found for each in found[number]] == ["Jonas", "Jonas"]


def test_a_model_that_is_not_there_is_refused_and_never_fetched(tmp_path: Path) -> None:
    for name in ("en_core_web_nowhere", str(tmp_path / "nothing"), "../x"):
        with pytest.raises(SetupError):
            check(name)


@Language.component("breaks_on_jonas")
def breaks_on_jonas(doc: Doc) -> Doc:
    if "Jonas" in doc.text:
        raise ValueError(doc.text)
    return doc


def test_a_model_that_breaks_stops_the_text_and_quotes_nothing_of_it(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("breaks_on_jonas")
    nlp.to_disk(tmp_path / "broken")
    with pytest.raises(UnreadableContent, match="the model broke on the text: ValueError") as caught:
        clean("Ask Jonas", str(tmp_path / "broken"))
    assert "Jonas" not in str(caught.value)


def test_organizations_go_when_the_setting_is_strict(model: str) -> None:
    result = redact_chunk("why Orders is slow", KEY, None, Terms(model=model, strict=True)).text
    assert result.startswith("why ORG_")


async def bytes_of(text: str) -> AsyncIterator[bytes]:
    yield text.encode()


async def test_a_model_gets_small_pieces(model: str) -> None:
    text = "Jonas wrote again, and nobody knew why.\n" * 5000
    async with open_pool(1, memory_mb=1024) as pool:
        flow = Flow(pool, KEY, "notes.md", Terms(model=model))
        pieces = [piece.decode() async for piece in flow.run(bytes_of(text), "utf-8")]
    assert max(map(len, pieces)) < 2 * PROSE
    assert "Jonas" not in "".join(pieces)


async def test_a_model_that_is_too_slow_stops_the_text_and_is_named(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow_module, "PIECE_TIMEOUT", 0.01)
    async with open_pool(1, memory_mb=1024) as pool:
        flow = Flow(pool, KEY, "notes.md", Terms(model=model))
        with pytest.raises(UnreadableContent, match=r"took longer .* with the model of FM_NER_MODEL"):
            [piece async for piece in flow.run(bytes_of("Jonas wrote.\n"), "utf-8")]
