from pathlib import Path

import pytest
from pydantic import SecretStr

from faultmaven_events.errors import SetupError
from faultmaven_events.infra.llm.configured import configured
from faultmaven_events.infra.llm.vendors import VENDORS
from faultmaven_events.settings import Settings

KEY = "sk-" + "test-" + "7f3a9c"


def settings(tmp_path: Path, toml: str | bytes | None = None, **more: object) -> Settings:
    if toml is not None:
        path = tmp_path / "llm.toml"
        path.write_bytes(toml if isinstance(toml, bytes) else toml.encode())
        more["llm_file"] = path
    return Settings(home=tmp_path, **more)  # type: ignore[arg-type] # a test's own settings


def test_without_settings_there_is_none(tmp_path: Path) -> None:
    assert configured(settings(tmp_path), {}) == ()


def test_a_file_names_providers_in_their_order_with_keys_from_files_and_variables(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    toml = f"""
    [[provider]]
    name = "first"
    model = "anthropic/claude-sonnet-4-5"
    models = {{ follow_up = "anthropic/claude-haiku-4-5" }}
    cheaper = "anthropic/claude-haiku-4-5"
    api_key_file = "{tmp_path / "key"}"
    timeout_s = 20
    [[provider]]
    model = "openai/gpt-5"
    api_key_env = "ELSEWHERE"
    [[provider]]
    name = "local"
    model = "openai/smollm2"
    api_base = "http://127.0.0.1:8080/v1/"
    style = "compact"
    tools = false
    json = "none"
    input_usd = 0
    output_usd = 0
    """
    first, second, third = configured(settings(tmp_path, toml), {"ELSEWHERE": KEY, "OPENAI_API_KEY": "other"})
    assert (first.name, second.name, third.name) == ("first", "openai", "local")
    assert first.model_for("follow_up") == first.cheaper == "anthropic/claude-haiku-4-5"
    assert first.model_for("investigate") == first.model_for("probe") == "anthropic/claude-sonnet-4-5"
    assert first.api_key is not None
    assert second.api_key is not None
    assert first.api_key.get_secret_value() == second.api_key.get_secret_value() == KEY
    assert (first.timeout_s, second.timeout_s) == (20, 60)
    assert (third.api_base, third.style, third.tools, third.json) == ("http://127.0.0.1:8080/v1", "compact", False, "none")


def test_a_single_provider_needs_no_file(tmp_path: Path) -> None:
    (only,) = configured(settings(tmp_path, llm_model="groq/llama-3.3-70b", llm_api_key=SecretStr(KEY)), {})
    assert (only.name, only.model, only.json) == ("groq", "groq/llama-3.3-70b", "object")
    assert only.api_key == SecretStr(KEY)


def test_no_key_of_the_environment_goes_to_a_server_of_ones_own(tmp_path: Path) -> None:
    (only,) = configured(settings(tmp_path, llm_model="openai/x", llm_api_base="http://gpu:8000/v1"), {"OPENAI_API_KEY": KEY})
    assert only.api_key is None


@pytest.mark.parametrize("prefix", sorted(VENDORS))
def test_each_vendor_has_its_usual_variable_and_says_so_when_it_is_empty(tmp_path: Path, prefix: str) -> None:
    given = settings(tmp_path, llm_model=f"{prefix}/m")
    (found,) = configured(given, {VENDORS[prefix].key_env: KEY})
    assert found.api_key == SecretStr(KEY)
    with pytest.raises(SetupError, match=VENDORS[prefix].key_env):
        configured(given, {})
    assert configured(given, {}, keys=False)[0].api_key is None


GOOD = '[[provider]]\nmodel = "openai/x"\napi_base = "http://h/v1"\n'


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("", "must hold 1 to 16 tables"),
        ("provider = 3", "must hold 1 to 16 tables"),
        (GOOD * 17, "must hold 1 to 16 tables"),
        (f"colour = 1\n{GOOD}", "nothing else"),
        ("[[provider]\n", "not TOML"),
        (b"\xff\xfe\x00", "not TOML"),
        ("a=" + "[" * 20000, "not TOML"),
        ("#" * 70_000, "larger than 64 KiB"),
        ('[[provider]]\nname = "x"', "model: Field required"),
        (GOOD + 'flavour = "x"', "a field that there is not"),
        (GOOD + 'timeout_s = "soon"', "timeout_s"),
        (GOOD + "timeout_s = -1", "timeout_s"),
        (GOOD + "timeout_s = nan", "timeout_s"),
        (GOOD + "input_usd = -3", "input_usd"),
        (GOOD + 'name = "a b"', "name"),
        (GOOD + GOOD, "two providers are named openai"),
        (GOOD + 'cheaper = "mistral/small"', "another vendor is another"),
        (GOOD + 'models = { probe = "x" }', "all models of a provider begin with openai/"),
        (GOOD + 'models = { dream = "openai/y" }', "models"),
        ('[[provider]]\nmodel = "azure/x"', "must begin with one of openai, anthropic"),
        ('[[provider]]\nmodel = "openai"', "model"),
        ('[[provider]]\nmodel = "openai/a\\u0000b"', "model"),
        ('[[provider]]\nmodel = "openai/x"\napi_base = "ftp://h"', "api_base must be"),
        ('[[provider]]\nmodel = "openai/x"\napi_base = "http://"', "api_base must be"),
        ('[[provider]]\nmodel = "openai/x"\napi_base = "http://h:99999/"', "api_base must be"),
        ('[[provider]]\nmodel = "openai/x"\napi_base = "http://[::1/"', "api_base must be"),
        ('[[provider]]\nmodel = "openai/x"\napi_base = "http://h/v1?x=1"', "api_base must be"),
        (GOOD + 'api_key_file = "/no/such/file"', "api_key_file cannot be read"),
        (GOOD + 'api_key_file = "/dev/null"', "must hold the key alone"),
        (GOOD + 'api_key_env = "EMPTY"', "there is no key in EMPTY"),
    ],
)
def test_what_does_not_fit_is_said_in_a_sentence(tmp_path: Path, toml: str | bytes, said: str) -> None:
    with pytest.raises(SetupError, match=r".") as error:
        configured(settings(tmp_path, toml), {"EMPTY": " "})
    assert said in str(error.value)


@pytest.mark.parametrize(
    "line",
    [
        f'api_key = "{KEY}"',
        f'key = "{KEY}"',
        f'"{KEY}" = 1',
        f'name = "{KEY} "',
        f'timeout_s = "{KEY}"',
        f'models = {{ "{KEY}" = "openai/x" }}',
        f'api_key_env = "{KEY}"',
        f'api_base = "https://user:{KEY}@host/v1"',
        f'api_base = "{KEY}"',
        f'= "{KEY}"',
        f'cheaper = "other/{KEY}"',
    ],
)
def test_a_key_in_the_file_is_refused_and_never_shown(tmp_path: Path, line: str) -> None:
    with pytest.raises(SetupError) as error:
        configured(settings(tmp_path, f'[[provider]]\nmodel = "openai/x"\n{line}'), {})
    assert KEY not in str(error.value)
    assert KEY not in repr(error.value.__context__ or "") or error.value.__suppress_context__


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="FM_LLM_FILE cannot be read"):
        configured(settings(tmp_path, llm_file=tmp_path / "no"), {})
