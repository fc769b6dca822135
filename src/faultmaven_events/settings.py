"""Settings: read once from the environment (`FM_*`), or from files named by `FM_*_FILE`; frozen; checked at start."""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from faultmaven_events.errors import SetupError

MIB = 1024 * 1024


class Settings(BaseSettings):
    """Everything that a process can be told. Each field is `FM_<NAME>` in the environment."""

    model_config = SettingsConfigDict(env_prefix="FM_", frozen=True, extra="ignore", env_ignore_empty=True)

    home: Path = Field(default=Path(".faultmaven"), description="Where the embedded servers and local blobs live")

    amqp_url: SecretStr | None = Field(default=None, description="RabbitMQ, amqp://user:password@host:5672/vhost")
    management_url: SecretStr | None = Field(default=None, description="RabbitMQ's management API, http://user:password@host:15672")
    mongo_url: SecretStr | None = Field(default=None, description="MongoDB with the database's name in its path")
    postgres_url: SecretStr | None = Field(default=None, description="PostgreSQL or TimescaleDB, postgresql://...")
    redis_url: SecretStr | None = Field(default=None, description="Redis or Valkey, redis://...")
    redis_prefix: str = Field(default="fm", description="Put before every Redis key")
    qdrant_url: SecretStr | None = Field(default=None, description="A Qdrant server; none: the engine runs inside the embed consumer")
    qdrant_api_key: SecretStr | None = None
    blob_url: str | None = Field(default=None, description="file:///..., s3://..., gs://..., az://...; none: a folder of `home`")
    api_url: str = Field(default="http://127.0.0.1:8000", description="Where the command line finds the ingress")

    raw_key: SecretStr | None = Field(
        default=None, description="32 bytes in base64, for raw blobs; only ingress, classify and sanitize get it"
    )
    raw_key_file: Path | None = None
    clean_key: SecretStr | None = Field(default=None, description="32 bytes in base64, for sanitized blobs")
    clean_key_file: Path | None = None
    vault_key: SecretStr | None = Field(
        default=None,
        description="32 bytes in base64, the newest first where there are several; only sanitize gets it, and an ingress that may "
        "show what pseudonyms stand for",
    )
    vault_key_file: Path | None = Field(default=None, description="The same, one key a line; read anew, so that it may be changed in place")
    reidentify: bool = Field(default=False, description="Whether `faultmaven up` gives the vault's key to its ingress too")
    raw_hours: float = Field(default=72, gt=0, description="Hours that the raw content of a job stays that did not get through sanitize")

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    upload_limit: Annotated[int, Field(gt=0)] = 100 * MIB
    text_limit: Annotated[int, Field(gt=0)] = Field(default=400 * MIB, description="Bytes that one upload may unpack to")
    retry_scale: float = Field(default=1.0, gt=0, description="Multiplies the delays of the retry ladder")
    job_deadline_s: float = Field(default=1800, gt=0, description="How long a question waits for its evidence and answer")

    embed_model_path: Path | None = Field(default=None, description="Folder of an ONNX model; default: built once from the bundled weights")
    ner_model: str | None = Field(
        default=None,
        description="A spaCy pipeline, as folder or installed package, for names and places in documents and questions; never fetched",
    )
    privacy: Literal["standard", "strict"] = Field(
        default="standard", description="strict: hosts, internal addresses, and paths and values in URLs become pseudonyms too"
    )
    llm_file: Path | None = Field(default=None, description="TOML file that names providers in their order; see docs/llm.md")
    llm_model: str | None = Field(
        default=None, description="provider/model as litellm names it: one provider without a file; none: the offline reasoner answers"
    )
    llm_api_base: str | None = Field(default=None, description="Where that provider is, for a model that speaks OpenAI's API elsewhere")
    llm_api_key: SecretStr | None = None
    llm_timeout_s: float = Field(default=60, gt=0, description="Seconds that one call may take")
    llm_total_s: float = Field(default=150, gt=0, le=170, description="Seconds that all calls for one question may take together")
    llm_attempts: int = Field(
        default=1,
        ge=0,
        le=3,
        description="Rungs of the retry ladder that a question waits when no provider answers, before it is answered offline",
    )
    llm_strategy: Literal["single", "team", "vote"] = Field(
        default="single", description="One answer; one for each role, merged; several independent ones, counted"
    )
    llm_tools: str = Field(default="", description="Names of tools that a model may call, with commas; see docs/llm.md")
    llm_web_search_url: str | None = Field(default=None, description="A search engine with SearXNG's JSON API, for the tool web_search")
    llm_budget_usd: float | None = Field(default=None, ge=0, description="Money that each tenant may spend in a period; none: no limit")
    llm_budget_tokens: int | None = Field(default=None, ge=0, description="Tokens that each tenant may use in a period; none: no limit")
    llm_budget_period: Literal["day", "month"] = "day"
    llm_over_budget: Literal["offline", "refuse"] = Field(
        default="offline", description="What becomes of a question when the budget is spent: the offline answer, or none"
    )
    llm_cache_h: float = Field(
        default=24, ge=0, description="Hours that a model's answer may be given again for the same question; 0: never"
    )
    llm_cache_similarity: float = Field(
        default=0.97, gt=0, le=1, description="Cosine from which two questions about the same evidence are one; 1: only the same words"
    )

    worker_memory_mb: int = Field(default=2048, ge=256, description="Memory that one worker process may have for the content it reads")
    stall_s: float = Field(default=60, gt=0, description="How long a consumer may make no progress while work waits, before it ends itself")
    tenant_in_flight: int = Field(default=2000, ge=1, description="Files and documents of one tenant that may be unfinished at a time")
    uploads_at_once: int = Field(default=64, ge=2, description="Bodies with files that the ingress reads at a time; up to 12 MB each")

    ledger_interval_s: float = Field(default=30, gt=0, description="Seconds between two looks for what was accepted and is missing")
    ledger_quiet_s: float = Field(default=60, gt=0, description="How long a job that no queue can hold may stand still")
    ledger_window_h: float = Field(default=24, gt=0, description="Hours over which the ledger counts accepted jobs")

    nice: int = Field(default=0, ge=0, le=19, description="How much a consumer process steps back for others on the same machine")
    metrics_port: int = Field(default=0, ge=0, le=65535, description="Where a consumer process shows its Prometheus metrics; 0: nowhere")
    otlp_endpoint: str | None = Field(default=None, description="Where spans go, http://host:4318/v1/traces; none: nowhere")
    trace_ratio: float = Field(default=0.1, ge=0, le=1)
    log_level: str = "INFO"
    log_format: str = Field(default="json", pattern="^(json|console)$")


@cache
def load() -> Settings:
    """Read the environment, once per process.

    Raises:
        SetupError: a variable has a value that does not fit; the message names it, never its value.
    """
    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(f"FM_{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors(include_input=False))
        raise SetupError(f"a setting does not fit: {problems}") from None
