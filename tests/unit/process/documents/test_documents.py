from itertools import pairwise

import pytest
from tests.unit.process.readings import analysed, of_kind

from faultmaven_events.consumers.process.config import analyse_config
from faultmaven_events.consumers.process.documents import analyse_document, evidence_chunks
from faultmaven_events.schemas.insight import Chunk, Insights

RUNBOOK = """# Broker runbook

What to do when the broker misbehaves.

## Disk alarm

### Symptoms

Publishers are blocked. The log says `disk free limit exceeded`.

```sh
# not a heading
rabbitmqctl status
```

### Steps

{steps}

## Memory alarm

Lower the watermark, or add memory. Then see whether publishers go on.
"""


def read(text: str, format: str = "markdown") -> Insights:
    insights = analysed(analyse_document, text, "runbook.md", "document", format)
    assert_true_lines(insights.chunks, text)
    return insights


def assert_true_lines(chunks: tuple[Chunk, ...], text: str) -> None:
    """What a passage says begins on its first line and ends on its last."""
    lines = text.split("\n")
    for chunk in chunks:
        said = [line.strip() for line in chunk.text.split("\n") if line.strip()]
        assert said[0] in lines[chunk.line_start - 1]
        assert said[-1] in lines[chunk.line_end - 1]


def test_passages_keep_their_headings_their_size_and_their_lines() -> None:
    insights = read(RUNBOOK.format(steps="\n".join(f"{n}. Free some space on volume {n} and look again." for n in range(80))))
    paths = {chunk.heading for chunk in insights.chunks}
    assert "Broker runbook > Disk alarm > Steps" in paths
    assert "Broker runbook > Memory alarm" in paths
    assert max(len(chunk.text) for chunk in insights.chunks) <= 1200
    assert [chunk.index for chunk in insights.chunks] == list(range(len(insights.chunks)))


def test_neighbouring_passages_of_a_section_overlap() -> None:
    steps = "\n".join(f"{n}. Free some space on volume {n} and look again." for n in range(80))
    chunks = [chunk for chunk in read(RUNBOOK.format(steps=steps)).chunks if (chunk.heading or "").endswith("Steps")]
    assert len(chunks) > 2
    assert all(later.line_start <= earlier.line_end for earlier, later in pairwise(chunks))


def test_no_word_of_a_document_is_lost() -> None:
    text = RUNBOOK.format(steps="\n\n".join(f"Paragraph {n} has word{n} in it. " * 20 for n in range(20)))
    assert set(text.split()) <= set(" ".join(chunk.text for chunk in read(text).chunks).split())


def test_title_and_headings_are_told() -> None:
    insights = read(RUNBOOK.format(steps="One."))
    assert [fact.text for fact in of_kind(insights, "title")] == ["Broker runbook"]
    assert of_kind(insights, "outline")[0].count == 5


def test_plain_text_is_cut_by_paragraphs_and_numbered_headings() -> None:
    body = "\n\n".join(f"Sentence {n}. " * 30 for n in range(6))
    insights = read(f"Handbook\n\n1. Recovery\n\n{body}\n\n1.1 Restore of backups\n\n{body}\n", "text")
    assert "1. Recovery > 1.1 Restore of backups" in {chunk.heading for chunk in insights.chunks}


@pytest.mark.parametrize(
    "text", ["", "\n\n", "x" * 300_000, "#" * 5000, "> " * 3000, "- " * 3000 + "x", "[a](" * 2000, "\x00", "| a |\n|---|\n" * 300]
)
def test_hostile_documents_are_answered(text: str) -> None:
    analysed(analyse_document, text, "a.md", "document", "markdown")


def test_evidence_is_searchable_by_its_facts() -> None:
    insights = analysed(analyse_config, "bind 10.0.0.1\nmaxmemory 1gb\nmaxmemory-policy noeviction\n", "redis.conf", "config")
    chunks = evidence_chunks(insights)
    assert 0 < len(chunks) <= 50
    assert any("noeviction" in chunk.text and chunk.line_start == 3 for chunk in chunks)


def test_a_documents_own_passages_are_what_is_searched() -> None:
    insights = read(RUNBOOK.format(steps="One."))
    assert evidence_chunks(insights) == insights.chunks
