"""Speed of the sanitize stage beside its peers on the same texts, in one process on one core, by CPU time.

Ours is what a worker runs on a piece of a file: search, judge, replace, receipt. Every text is new to it (its caches know values, so that a
second look would be quicker). Presidio is set up as its users do without a language model: all its recognizers for English and its
anonymizer. detect-secrets has its default plugins. Peers get the first part of a text where all of it would take minutes.
"""

import importlib.util
import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import texts
from faultmaven_events.consumers.sanitize import warm  # noqa: F401 # as a worker is before its first message
from faultmaven_events.consumers.sanitize.redact import redact_chunk

KIT = Path("../shared/eval")
PEER_SECONDS = 2.0
"""CPU time that a peer gets for one text."""
Run = Callable[[Sequence[str]], Any]


@dataclass(frozen=True, slots=True)
class Text:
    """A kind of text: lines, and how many of them make up one file."""

    name: str
    lines: Sequence[str]

    @property
    def size(self) -> int:
        """Bytes, line ends included."""
        return sum(len(line.encode()) + 1 for line in self.lines)


def rows() -> Iterator[str]:
    """Yield the table, line by line, as it comes."""
    peers = [peer for peer in (_presidio_lines, _presidio_whole, _detect_secrets) if peer is not None]
    yield "MB/s of CPU time; in brackets how many times slower a peer is"
    yield f"{'text':<28}{'MB':>6}{'ours':>8}" + "".join(f"{_title(peer):>26}" for peer in peers)
    runs = [peer() for peer in peers]
    for text in corpus():
        ours = _speed(_ours, text)
        cells = (_cell(run, text, ours) for run in runs)
        yield f"{text.name:<28}{text.size / 1e6:>6.2f}{ours:>8.2f}" + "".join(f"{cell:>26}" for cell in cells)


def corpus() -> Iterator[Text]:
    """Yield the texts: generated ones, and the kit's where there is one."""
    yield Text("logs of services", texts.logs(6).splitlines())
    yield Text("sentences full of PII", texts.sentences(200))
    yield Text("configuration", texts.config(300).splitlines())
    kit = Path(os.environ.get("FM_EVAL", KIT)) / "data"
    for name, place in (("kit: pii", "pii/sentences.jsonl"), ("kit: secrets", "secrets/samples.jsonl")):
        if (kit / place).is_file():
            found = [json.loads(line)["text"] for line in (kit / place).read_text().splitlines()]
            yield Text(name, [line for text in found for line in text.splitlines()])


def _ours(lines: Sequence[str]) -> None:
    redact_chunk("\n".join(lines), b"bench" * 7, None)


def _speed(run: Run, text: Text) -> float:
    """Return MB per second of CPU time over all of the text, seen once."""
    began = time.process_time()
    run(text.lines)
    return text.size / 1e6 / (time.process_time() - began)


def _cell(run: Run | None, text: Text, ours: float) -> str:
    if run is None:
        return "not installed"
    reached = _speed(run, text if text.size < 60_000 else _head(run, text))
    return f"{reached:.3f} ({ours / reached:.0f}x)"


def _head(run: Run, text: Text) -> Text:
    """Return as much of the text as a peer gets through in its time, going by its first lines."""
    first = Text(text.name, text.lines[:100])
    share = PEER_SECONDS * _speed(run, first) * 1e6 / text.size
    return Text(text.name, text.lines[: max(200, int(len(text.lines) * min(1.0, share)))])


def _title(peer: Callable[[], Run | None]) -> str:
    return peer.__name__.strip("_").replace("_", " ")


def _presidio() -> tuple[Any, Any]:
    """Return analyzer and anonymizer, without a model and without the network."""
    import spacy
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine
    from presidio_anonymizer import AnonymizerEngine

    class Blank(SpacyNlpEngine):
        """A pipeline that cuts words and knows no names."""

        def load(self) -> None:
            self.nlp: Any = {"en": spacy.blank("en")}

    logging.getLogger("presidio-analyzer").setLevel(logging.CRITICAL)
    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"])
    anonymizer: Any = AnonymizerEngine  # untyped
    models = [{"lang_code": "en", "model_name": "blank"}]
    return AnalyzerEngine(registry=registry, nlp_engine=Blank(models=models), supported_languages=["en"]), anonymizer()


def _presidio_lines() -> Run | None:
    if importlib.util.find_spec("presidio_anonymizer") is None:
        return None
    analyzer, anonymizer = _presidio()

    def run(lines: Sequence[str]) -> None:
        for line in lines:
            anonymizer.anonymize(line, analyzer.analyze(line, "en"))

    run(("warm up at warm@up.example",))
    return run


def _presidio_whole() -> Run | None:
    lines = _presidio_lines()
    return None if lines is None else lambda each: lines(("\n".join(each),))


def _detect_secrets() -> Run | None:
    if importlib.util.find_spec("detect_secrets") is None:
        return None
    from detect_secrets.core.scan import scan_line
    from detect_secrets.settings import default_settings

    def run(lines: Sequence[str]) -> None:
        with default_settings():
            for line in lines:
                for _ in scan_line(line):
                    pass

    return run
