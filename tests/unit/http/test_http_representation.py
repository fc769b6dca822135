"""Which form a client gets."""

import pytest

from faultmaven_events.producers.http.representation import liked

OFFERED = ["application/json", "text/markdown", "text/html", "image/svg+xml"]


@pytest.mark.parametrize(
    ("accept", "found"),
    [
        ([], "application/json"),
        ([""], "application/json"),
        (["*/*"], "application/json"),
        (["text/html"], "text/html"),
        (["TEXT/HTML"], "text/html"),
        (["text/*"], "text/markdown"),
        (["text/*;q=0.5, text/html"], "text/html"),
        (["text/html;q=0.2", "text/markdown;q=0.3"], "text/markdown"),
        (["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"], "text/html"),
        (["*/*, application/json;q=0"], "text/markdown"),
        (["image/png"], None),
        (["text/html;q=0"], None),
        (["text/html;q=nan"], None),
        (["text/html;q=1e9"], None),
        (["text/html;q=-1"], None),
        ([";;;,,=,q=1"], None),
        (["a/b," * 10_000 + "text/html"], None),
    ],
)
def test_the_form_that_a_client_likes_best_is_chosen(accept: list[str], found: str | None) -> None:
    assert liked(accept, OFFERED) == found
