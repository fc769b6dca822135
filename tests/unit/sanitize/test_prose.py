"""Names and places in prose, with a spaCy pipeline that the tests make: it knows two names and a town."""

from pathlib import Path

import pytest
import spacy

from faultmaven_events.consumers.sanitize.prose import PART, check, people
from faultmaven_events.consumers.sanitize.redact import Terms, redact_chunk
from faultmaven_events.errors import SetupError

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
