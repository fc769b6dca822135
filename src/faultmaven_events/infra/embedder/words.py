"""Sparse vectors: BM25 over words, parts of identifiers, and pairs of neighbours.

`KubePodCrashLooping` is found by `crash looping` and by its own name; a pair (`crash_loop`) tells a phrase from two words that happen to
stand on one page. The weight of a word in a text is BM25's (Robertson & Zaragoza 2009, formula in fastembed's `Bm25`); how rare it is (IDF)
is known to the vector store only. In a query, a word that is said n times weighs sqrt(n).
"""

import re
from collections import Counter
from functools import cache
from importlib.resources import files
from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from fastembed.sparse.bm25 import Bm25
    from py_rust_stemmers import SnowballStemmer  # type: ignore[import-untyped] # it has no type hints

LONGEST = 40
"""Characters of a word; longer ones are hashes, tokens and base64."""
MOST = 4096
"""Words of one vector: of a whole book only the heaviest ones are kept."""
K = 2.0
B = 0.9
PASSAGE_LENGTH = 160.0
DOCUMENT_LENGTH = 200.0
"""Words, with pairs, that a passage or a document is taken to have on average."""

_WORD = re.compile(r"\w+")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


class WordWeights(NamedTuple):
    """A sparse vector: hashes of words, ascending, and their weights."""

    indices: tuple[int, ...]
    values: tuple[float, ...]


def words(text: str) -> list[str]:
    """Return the stems of a text in order: lower case, no stop words, an identifier as its parts and then as a whole."""
    stem, ignored = _stemmer().stem_word, stop_words()
    return [stem(word) for word in _split(text) if word not in ignored and len(word) <= LONGEST]


def _split(text: str) -> list[str]:
    found: list[str] = []
    for word in _WORD.findall(text):
        parts = _PART.findall(word) if word.isascii() else word.split("_")
        found += [part.lower() for part in parts if part]
        if len(parts) > 1:
            found.append(word.lower())
    return found


def with_pairs(stems: list[str]) -> list[str]:
    """Return the stems and each two neighbours as one."""
    return stems + [f"{one}_{other}" for one, other in pairwise(stems)]


def passage_words(text: str) -> WordWeights:
    """Return the weights of a passage."""
    return _weights(with_pairs(words(text)), PASSAGE_LENGTH)


def document_words(title: str, text: str) -> WordWeights:
    """Return the weights of a whole document, to which its title speaks three times."""
    return _weights(with_pairs(words(title) * 2 + words(f"{title}\n{text}")), DOCUMENT_LENGTH)


def query_words(text: str) -> WordWeights:
    """Return the weights of a query."""
    counts = Counter(with_pairs(words(text)))
    bm25 = _bm25(PASSAGE_LENGTH)
    weights: dict[int, float] = {}
    for word, count in counts.most_common(MOST):
        weights[bm25.compute_token_id(word)] = sqrt(count)
    return _sorted(weights)


def _weights(stems: list[str], average: float) -> WordWeights:
    (embedding,) = _bm25(average).raw_embed([" ".join(stems)])
    weights = dict(zip(embedding.indices.tolist(), embedding.values.tolist(), strict=True))
    if len(weights) > MOST:
        heaviest = sorted(weights, key=lambda index: (-weights[index], index))[:MOST]
        weights = {index: weights[index] for index in heaviest}
    return _sorted(weights)


def _sorted(weights: dict[int, float]) -> WordWeights:
    indices = tuple(sorted(weights))
    return WordWeights(indices, tuple(weights[index] for index in indices))


@cache
def stop_words() -> frozenset[str]:
    """Return the words that say nothing in English."""
    lines = files("faultmaven_events.infra.embedder").joinpath("stop_words.txt").read_text().splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


@cache
def _stemmer() -> "SnowballStemmer":
    from py_rust_stemmers import SnowballStemmer

    return SnowballStemmer("english")


@cache
def _bm25(average: float) -> "Bm25":
    from fastembed.sparse.bm25 import Bm25

    folder = str(files("faultmaven_events.infra.embedder"))  # BM25 has no weights: nothing is read from there
    longest = 2 * LONGEST + 1
    # Stems and stop words are done before pairs are made, so the model gets finished words.
    return Bm25(
        "Qdrant/bm25",
        cache_dir=folder,
        specific_model_path=folder,
        k=K,
        b=B,
        avg_len=average,
        token_max_length=longest,
        disable_stemmer=True,
    )
