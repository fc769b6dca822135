"""Presidio's analyzer without a language model, without the network: recognizers with patterns, checksums and context words.

Importing it takes seconds and 100 MB: only judge.py does, when the first candidate comes.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, Final

from presidio_analyzer import AnalyzerEngine, EntityRecognizer, Pattern, PatternRecognizer, RecognizerRegistry
from presidio_analyzer.context_aware_enhancers import LemmaContextAwareEnhancer
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine
from presidio_analyzer.predefined_recognizers import (
    CreditCardRecognizer,
    EmailRecognizer,
    IbanRecognizer,
    IpRecognizer,
    PhoneRecognizer,
    UsLicenseRecognizer,
    UsSsnRecognizer,
)

from faultmaven_events.consumers.sanitize.context import WORD, WORDS
from faultmaven_events.consumers.sanitize.mail import deliverable

logging.getLogger("presidio-analyzer").setLevel(logging.CRITICAL)  # its debug lines quote the text

LANGUAGE: Final = "en"
_Batch = Iterator[tuple[str, NlpArtifacts]]


class WordEngine(NlpEngine):
    """The least that Presidio's context words need: words, in lower case, and where they stand."""

    def load(self) -> None:
        """Do nothing: there is no model."""

    def is_loaded(self) -> bool:
        """Say yes: there is nothing to load."""
        return True

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        """Cut a text into words; `phone_number` and `phoneNumber` are two words each."""
        parts = [(m.start() + p.start(), p.group()) for m in WORD.finditer(text) for p in _HUMPS.finditer(m.group())]
        words = [word for _, word in parts]
        places = [place for place, _ in parts]
        return NlpArtifacts([], words, places, [word.lower() for word in words], self, language)  # type: ignore[arg-type]  # no spaCy

    def process_batch(self, texts: Iterable[str], language: str, *_: Any, **__: Any) -> _Batch:
        """Cut texts into words, one by one."""
        return ((text, self.process_text(text, language)) for text in texts)

    def is_stopword(self, word: str, language: str) -> bool:  # noqa: ARG002 # the interface's
        """Say no: context words are few and chosen."""
        return False

    def is_punct(self, word: str, language: str) -> bool:  # noqa: ARG002 # the interface's
        """Say whether a token is no word."""
        return not word[:1].isalnum()

    def get_supported_entities(self) -> list[str]:
        """Return none: this engine finds no names."""
        return []

    def get_supported_languages(self) -> list[str]:
        """Return the one language that the recognizers are registered for; the rules hold in any."""
        return [LANGUAGE]


_HUMPS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^A-Za-z]+")


class MailRecognizer(EmailRecognizer):
    """Presidio's, but what counts as a domain is decided offline, and internal ones (`.local`, `.example`) count too."""

    def validate_result(self, pattern_text: str) -> bool:
        """Check the domain."""
        return deliverable(pattern_text.rpartition("@")[2])


class RareCardRecognizer(CreditCardRecognizer):
    """Numbers of any issuer: a right check digit is a condition and no proof, so context words must do the rest."""

    def validate_result(self, pattern_text: str) -> None:  # type: ignore[override]  # Presidio's own base class allows None
        """Leave the decision to the context."""

    def invalidate_result(self, pattern_text: str) -> bool:
        """Refuse a wrong check digit."""
        return not super().validate_result(pattern_text)


def _recognizers() -> list[EntityRecognizer]:
    grouped = r"(?:\+|\b00)?\(?\d{1,5}\)?(?:[ .\-]{0,2}\(?\d{1,5}\)?){1,5}(?:\s?(?:x|ext\.?)\s?\d{1,5})?"
    return [
        MailRecognizer(),
        # Presidio's own IPv6 pattern ends `2001:db8::5` after the colons.
        IpRecognizer(patterns=[IpRecognizer.PATTERNS[0], Pattern("IPv6", r"(?<![\w:.])[0-9A-Fa-f:.]{2,45}(?![\w:])", 0.6)]),
        IbanRecognizer(),
        CreditCardRecognizer(patterns=[*CreditCardRecognizer.PATTERNS, Pattern("Mastercard, second range", r"\b2[2-7]\d{14}\b", 0.3)]),
        RareCardRecognizer(
            [Pattern("12 to 19 digits", r"\b\d(?:[ -]?\d){11,18}\b", 0.2)], list(WORDS["RARE_CARD"]), supported_entity="RARE_CARD"
        ),
        UsSsnRecognizer(context=list(WORDS["US_SSN"])),
        # For numbers with a country code, which parse alike in every region (and each region costs its own pass); others need context.
        PhoneRecognizer(supported_regions=("US", "GB"), leniency=1),
        PatternRecognizer(
            "GROUPED_PHONE", "GroupedDigits", patterns=[Pattern("grouped digits", grouped, 0.3)], context=list(WORDS["GROUPED_PHONE"])
        ),
        UsLicenseRecognizer(context=list(WORDS["US_DRIVER_LICENSE"])),
        PatternRecognizer(
            "US_DRIVER_LICENSE",
            "GroupedLicense",
            patterns=[Pattern("grouped", r"\b[A-Z]?\d{2,5}(?:-\d{2,6}){1,3}\b", 0.2)],
            context=list(WORDS["US_DRIVER_LICENSE"]),
        ),
    ]


@cache
def engine() -> AnalyzerEngine:
    """Return the analyzer, built once per process."""
    return AnalyzerEngine(
        registry=RecognizerRegistry(recognizers=_recognizers(), supported_languages=[LANGUAGE]),
        nlp_engine=WordEngine(),
        supported_languages=[LANGUAGE],
        context_aware_enhancer=LemmaContextAwareEnhancer(
            context_similarity_factor=0.35,
            min_score_with_context_similarity=0.5,
            context_prefix_count=6,
            context_suffix_count=0,
            context_matching_mode="whole_word",
        ),
    )


@cache
def recognizers(type_: str) -> list[EntityRecognizer]:
    """Return the recognizers of one type."""
    return [r for r in engine().registry.recognizers if type_ in r.supported_entities]
