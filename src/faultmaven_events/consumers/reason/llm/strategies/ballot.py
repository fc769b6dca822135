"""Several opinions made one, without asking anybody again: rankings by Borda count, first places by majority, hypotheses united."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from faultmaven_events.consumers.reason.llm.opinion import Added, Opinion


def borda(rankings: Sequence[Sequence[str]], candidates: Sequence[str]) -> tuple[str, ...]:
    """Return the candidates, best first; equal sums keep their order.

    Of n candidates the first of a ranking gets n points, the next n-1 ...; those that are not named share what is left over.
    Source: Jean-Charles de Borda, Memoire sur les elections au scrutin, 1781.
    """
    points: dict[str, float] = defaultdict(float)
    for ranking in rankings:
        named = [c for c in dict.fromkeys(ranking) if c in candidates]
        rest = [c for c in candidates if c not in named]
        for place, name in enumerate(named):
            points[name] += len(candidates) - place
        for name in rest:
            points[name] += (len(rest) + 1) / 2
    return tuple(sorted(candidates, key=lambda c: (-points[c], candidates.index(c))))


def majority(rankings: Sequence[Sequence[str]], candidates: Sequence[str]) -> tuple[str | None, int]:
    """Return who is first in more than half of the rankings, or None, and the most votes that anybody got."""
    firsts = Counter(first for r in rankings if (first := next((c for c in r if c in candidates), None)) is not None)
    if not firsts:
        return None, 0
    (name, votes), *_ = firsts.most_common(1)
    return (name if 2 * votes > len(rankings) else None), votes


def united(opinions: Sequence[Opinion]) -> tuple[Added, ...]:
    """The hypotheses of all, each once, those first that more of them have: alike are equal component and category."""
    found: dict[tuple[str, str], tuple[int, int, Added]] = {}
    for place, one in enumerate(h for opinion in opinions for h in opinion.hypotheses):
        key = (one.component.casefold(), one.category)
        times, first, kept = found.get(key, (0, place, one))
        found[key] = (times + 1, first, kept)
    return tuple(one for _, _, one in sorted(found.values(), key=lambda f: (-f[0], f[1])))


def headline(opinions: Sequence[Opinion], first: str | None) -> str | None:
    """The headline of the first opinion that puts the same hypothesis first."""
    return next((o.headline for o in opinions if o.headline and (not o.ranking or o.ranking[0] == first)), None)
