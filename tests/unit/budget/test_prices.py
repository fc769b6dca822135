"""What a call may cost at most is never less than what it does cost."""

import importlib.util
import random
import sys
import uuid
from pathlib import Path

import pytest

from faultmaven_events.infra.llm.budget import Amount
from faultmaven_events.infra.llm.port import Provider, Request
from faultmaven_events.infra.llm.prices import at_most, bound, price_of

RANDOM = random.Random(7)
TEXTS = {
    "prose": "Why do orders fail since the last release of the payment service? " * 20,
    "figures": "\n".join(f"{RANDOM.random():.6f},{RANDOM.randrange(10**9)},{RANDOM.random():.3f}" for _ in range(200)),
    "identifiers": " ".join(str(uuid.UUID(int=RANDOM.getrandbits(128))) for _ in range(100)),
    "chinese": "为什么订单服务从下午两点开始失败？数据库连接池已经耗尽。" * 10,
    "emoji": "🔥💥🚨" * 60,
    "rare": "".join(chr(RANDOM.randrange(0x10000, 0x1F000)) for _ in range(400)),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("encoding", ["cl100k_base", "o200k_base"])
def test_no_prompt_has_more_tokens_than_are_set_aside_for_it(text: str, encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    library = importlib.util.find_spec("litellm")
    assert library is not None
    assert library.origin is not None
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(Path(library.origin).parent / "litellm_core_utils" / "tokenizers"))
    tiktoken = pytest.importorskip("tiktoken", reason="comes with litellm; other tokenizers count alike")
    request = Request(({"role": "user", "content": text},), max_tokens=7)
    tokens = len(tiktoken.get_encoding(encoding).encode(text, disallowed_special=()))
    assert bound(request)[0] >= tokens
    assert bound(request)[1] == 7


def test_tools_and_schema_are_counted_like_the_prompt() -> None:
    plain = Request(({"role": "user", "content": "why?"},))
    tools = Request(plain.messages, tools=({"type": "function", "function": {"name": "read", "description": "x" * 5000}},))
    assert bound(tools)[0] - bound(plain)[0] > 5000
    assert bound(Request(plain.messages, schema={"description": "y" * 5000}))[0] > 5000


def test_a_price_is_the_providers_own_before_it_is_the_bundled_one() -> None:
    own = price_of(Provider("p", "openai/gpt-4o-mini", input_usd=3.0, output_usd=12.0), "openai/gpt-4o-mini")
    assert own is not None
    assert own.of(1000, 500) == 3000 + 6000
    known = price_of(Provider("p", "openai/gpt-4o-mini"), "openai/gpt-4o-mini")
    assert known is not None
    assert 0 < known.of(1_000_000, 0) < 3_000_000


def test_the_cheaper_model_is_not_reckoned_at_the_price_of_the_dear_one() -> None:
    provider = Provider("p", "openai/gpt-4o", cheaper="openai/gpt-4o-mini", input_usd=30.0, output_usd=60.0)
    dear, cheap = price_of(provider, "openai/gpt-4o"), price_of(provider, "openai/gpt-4o-mini")
    assert dear is not None
    assert cheap is not None
    assert dear.of(1000, 0) == 30_000
    assert cheap.of(1000, 0) < 1000
    unknown = Provider("p", "openai/gpt-4o", cheaper="openai/ours", input_usd=30.0, output_usd=60.0)
    assert price_of(unknown, "openai/ours") == dear


def test_prices_are_read_without_loading_the_library() -> None:
    before = "litellm" in sys.modules
    assert price_of(Provider("p", "gpt-4o-mini"), "gpt-4o-mini") is not None
    assert ("litellm" in sys.modules) == before


def test_a_long_prompt_is_reckoned_at_the_price_of_long_prompts() -> None:
    price = price_of(Provider("p", "gemini/gemini-2.5-pro"), "gemini/gemini-2.5-pro")
    assert price is not None
    assert price.of(400_000, 0) > 4 * price.of(99_999, 0)


def test_of_a_model_without_a_known_price_only_tokens_count() -> None:
    price = price_of(Provider("p", "openai/our-own-model"), "openai/our-own-model")
    assert price is None
    assert at_most(price, 100, 20) == Amount(0, 120)
