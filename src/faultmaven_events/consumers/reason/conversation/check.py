"""A model's answer, sentence by sentence: what does not stand in the facts that it cites is taken out. Pure.

A sentence stays when it cites facts that were shown, every number, time and quote of it stands in those, every name in the report, at least
half of its words are the report's, and it names no program or statement that changes things unless a cited fact does.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from faultmaven_events.consumers.reason.conversation.asking import dangerous, talk
from faultmaven_events.consumers.reason.conversation.prompt import Ground
from faultmaven_events.consumers.reason.conversation.words import known, plain, stem, tokens
from faultmaven_events.consumers.reason.llm.grounds import Grounds, tidy

LONGEST: Final = 16_000
"""Characters of an answer that are read."""
MOST: Final = 40
"""Sentences that are checked; what comes after them is taken out."""
TOLD: Final = 500_000
"""Characters of a report in which names are looked for."""
GROUNDED: Final = 0.5
"""Share of a sentence's words of substance that the report must know."""
_CITED: Final = re.compile(r"\[\s*((?:[ER]\d{1,4}[\s,;]{0,3}){1,20})\]")
_AFTER: Final = re.compile(r"([.!?])[ \t]{0,3}((?:\[[ER\d,; ]{1,120}\][ \t]{0,3}){1,5})")
_END: Final = re.compile(r"(?<=[.!?])[ \t]+|\n+")
_FIGURE: Final = re.compile(r"(?<![\w.-])\d(?:[\d.,:]*\d)?")
_STAND_IN: Final = re.compile(r"<[A-Z][A-Z0-9_]{1,40}_[0-9a-f]{2,32}>")
_QUOTED: Final = re.compile(r"\"([^\"]{2,400})\"|`([^`]{2,400})`|\u201c([^\u201d]{2,400})\u201d")
_ABBREVIATED: Final = ("e.g.", "i.e.", "vs.", "approx.", "etc.", "no.")


@dataclass(frozen=True, slots=True)
class Checked:
    """What is left of an answer: its sentences with the evidence that each cites, and how many were taken out."""

    sentences: tuple[tuple[str, tuple[str, ...]], ...]
    removed: int


def check(text: str, shown: Sequence[Ground], told: str) -> Checked:
    """Check an answer against what the model was shown; `told` is everything that the report says."""
    grounds, told = {one.id: one for one in shown}, told[:TOLD]
    words, low = known(told), _flat(told)
    kept, removed = list[tuple[str, tuple[str, ...]]](), 0
    for place, sentence in enumerate(_sentences(text[:LONGEST])):
        refs = None if place >= MOST else _sound(sentence, grounds, words, low)
        if refs is None:
            removed += 1
        else:
            kept.append((tidy(_CITED.sub("", sentence)).replace(" .", "."), refs))
    return Checked(tuple(kept), removed)


def _sentences(text: str) -> Iterator[str]:
    """Yield sentences, each with the citations behind its full stop."""
    text = _AFTER.sub(r" \2\1 ", text.replace("\x00", ""))
    held = ""
    for piece in _END.split(text):
        held = f"{held} {piece}".strip() if held else piece.strip().lstrip("-*#> \t")
        if held.lower().endswith(_ABBREVIATED):
            continue
        if re.search(r"\w", held):
            yield held
        held = ""
    if held:
        yield held


def _sound(sentence: str, grounds: Mapping[str, Ground], words: frozenset[str], told: str) -> tuple[str, ...] | None:
    """Return the evidence of a sentence that holds; None when it does not."""
    ids = [id for found in _CITED.findall(sentence) for id in re.findall(r"[ER]\d+", found)]
    if not ids or any(id not in grounds for id in ids):
        return None
    refs = tuple(dict.fromkeys(ref for id in ids for ref in grounds[id].refs))
    cited = _flat("\n".join(grounds[id].text for id in (*ids, *(ref for ref in refs if ref in grounds))))
    body = _CITED.sub(" ", sentence)
    if not (_quotes(body, cited) and _figures(body, cited) and _harmless(body, cited) and _grounded(body, words)):
        return None
    return None if Grounds.of((cited,), (told,)).lacks(_without_stand_ins(body, cited)) else refs


def _flat(text: str) -> str:
    return " ".join(text.lower().split())


def _quotes(body: str, cited: str) -> bool:
    return all(_flat(next(filter(None, found))).rstrip(".,") in cited for found in _QUOTED.findall(body))


def _figures(body: str, cited: str) -> bool:
    """Whether every number stands in the facts by itself: 10 does not stand in 10:01, in 2.10 or in 110."""
    without = cited.replace(",", "")
    return all(_stands(figure, cited) or _stands(figure.replace(",", ""), without) for figure in _FIGURE.findall(body))


def _stands(figure: str, text: str) -> bool:
    around = r"[\d]" if re.search(r"[.:]", figure) else r"[\d:]"
    return re.search(rf"(?<!{around})(?<!\d[.,-]){re.escape(figure)}(?!{around})(?![.,]\d)", text) is not None


def _without_stand_ins(body: str, cited: str) -> str:
    """Take out stand-ins for personal data that the facts hold: they look like markup and are none."""
    return _STAND_IN.sub(lambda one: " " if one.group().lower() in cited else one.group(), body)


def _harmless(body: str, cited: str) -> bool:
    stated = set(tokens(cited))
    return all(token in stated for token in tokens(body) if token in dangerous())


def _grounded(body: str, words: frozenset[str]) -> bool:
    """Whether the words of substance are mostly the report's, at least one of them."""
    found = [token for token in tokens(plain(body)) if len(token) > 2 and token not in talk()]
    good = sum(1 for token in found if stem(token) in words or not token.isalpha())
    return bool(found) and good >= GROUNDED * len(found) and good > 0
