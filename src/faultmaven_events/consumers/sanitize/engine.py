"""Presidio's analyzer without a language model, without the network: recognizers with patterns, checksums and context words.

Importing it takes seconds and 100 MB: only judge.py does, when the first candidate comes.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, Final

import regex  # type: ignore[import-untyped]  # its authors ship no types
from phonenumbers import PhoneNumberMatcher
from presidio_analyzer import AnalyzerEngine, EntityRecognizer, Pattern, PatternRecognizer, RecognizerRegistry
from presidio_analyzer.context_aware_enhancers import LemmaContextAwareEnhancer
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine
from presidio_analyzer.predefined_recognizers import (
    AuTfnRecognizer,
    CreditCardRecognizer,
    CryptoRecognizer,
    EmailRecognizer,
    EsNifRecognizer,
    IbanRecognizer,
    InAadhaarRecognizer,
    InPanRecognizer,
    IpRecognizer,
    ItFiscalCodeRecognizer,
    NhsRecognizer,
    PhoneRecognizer,
    PlPeselRecognizer,
    SgFinRecognizer,
    UsItinRecognizer,
    UsLicenseRecognizer,
    UsPassportRecognizer,
    UsSsnRecognizer,
)

from faultmaven_events.consumers.sanitize.context import WORDS, parts
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
        places, words = [place for place, _ in parts(text)], [word for _, word in parts(text)]
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


_OF_STATES: Final = (
    AuTfnRecognizer, CryptoRecognizer, EsNifRecognizer, InAadhaarRecognizer, InPanRecognizer, ItFiscalCodeRecognizer, NhsRecognizer,
    PlPeselRecognizer, SgFinRecognizer, UsItinRecognizer, UsPassportRecognizer,
)  # fmt: skip


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
        *(each(supported_language=LANGUAGE) for each in _OF_STATES),
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


Scorer = Callable[[str], float]


@cache
def _scorers(type_: str) -> tuple[Scorer, ...]:
    recognizers: list[Any] = [
        r for r in engine().registry.recognizers if type_ in r.supported_entities and isinstance(r, PatternRecognizer)
    ]
    return tuple(
        _scorer(recognizer, pattern.score, regex.compile(pattern.regex, recognizer.global_regex_flags))
        for recognizer in recognizers
        for pattern in recognizer.patterns
    )


def _scorer(recognizer: PatternRecognizer, own: float, form: "regex.Pattern[str]") -> Scorer:
    """Return what PatternRecognizer.analyze does to a value that is all of a text, without its explanations and clocks."""

    def score(value: str) -> float:
        match = form.search(value)
        if match is None or match.start() > 1 or match.end() < len(value) - 1 or recognizer.invalidate_result(match.group()):
            return 0.0
        valid = recognizer.validate_result(match.group())
        return own if valid is None else float(valid)

    return score


def score(type_: str, value: str) -> float:
    """Return the score that Presidio's recognizers of a type give a value on its own; 0 when they refuse it."""
    return max((each(value) for each in _scorers(type_)), default=0.0)


def dials(value: str) -> bool:
    """Say whether a number with a country code in front (`+49`, `0049`) is a valid one, as Presidio's recognizer finds out.

    Such a number parses alike in every region that knows 00; and each region would cost its own pass.
    """
    found = next(iter(PhoneNumberMatcher(value, "GB", leniency=1)), None)
    return found is not None and found.start == 0 and found.end == len(value)
