"""An answer of the wrong shape is refused with the rule that it broke, never with what it said."""

import json

import pytest
from jsonschema import Draft202012Validator

from faultmaven_events.consumers.reason.llm.opinion import CATEGORIES, read, schema
from faultmaven_events.infra.llm.port import BadOutput

ADDED = {"statement": "The pool is too small for the load.", "component": "db", "category": "config", "supports": ["E1"]}


def test_prose_and_fences_around_the_object_are_forgiven() -> None:
    assert read('Sure!\n```json\n{"ranking": ["H2"]}\n```\nHope it helps').ranking == ("H2",)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "I cannot help with that.",
        "{",
        "}{",
        '{"ranking": 7}',
        '{"ranking": "H1"}',
        "[1]",
        '{"hypotheses": [{}]}',
        json.dumps({"hypotheses": [ADDED] * 10_000}),
        json.dumps({"hypotheses": [{**ADDED, "category": "aliens-4711"}]}),
        json.dumps({"hypotheses": [{**ADDED, "statement": "x" * 601}]}),
        json.dumps({"hypotheses": [{**ADDED, "supports": []}]}),
        json.dumps({"ranking": ["H1"] * 21}),
        '{"a":' * 20_000 + "1" + "}" * 20_000,
        "[" * 60_000,
        '{"headline": "' + "x" * 100_000 + '"}',
        '{"ranking": ["H1"], }',
        '{"headline": "\ud800"}',
    ],
)
def test_what_does_not_fit_is_refused(answer: str) -> None:
    with pytest.raises(BadOutput) as caught:
        read(answer)
    assert "4711" not in str(caught.value)
    assert "cannot help" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_the_schema_takes_what_the_reader_takes() -> None:
    whole = {"ranking": ["H1"], "headline": None, "hypotheses": [{**ADDED, "mechanism": None, "quotes": [{"fact": "E1", "quote": "full"}]}]}
    Draft202012Validator.check_schema(schema())
    Draft202012Validator(schema()).validate(whole)
    assert read(json.dumps(whole)).hypotheses[0].quotes[0].fact == "E1"


def test_the_schema_is_closed_all_the_way_down() -> None:
    text = json.dumps(schema())
    objects = [schema(), *schema()["$defs"].values()]
    assert all(o["additionalProperties"] is False and set(o["required"]) == set(o["properties"]) for o in objects if "properties" in o)
    assert "maxItems" not in text
    assert all(category in text for category in CATEGORIES)
