"""Answers of models that were given before, in Redis: for the very same question, or for one that means the same about equal evidence.

Never truth: a server that is away or slow, a value that somebody changed, or one of another key is a miss. Values are sealed with a key
of the tenant's, under the name that they lie at, so that none can be read, made up, or put in another's place; names are keyed digests,
so that a question cannot be guessed from them.

    <prefix>:answer:<case>:a:<question>   one answer
    <prefix>:answer:<case>:g:<group>      list of the questions that were answered alike: vector and words, the latest first
    <prefix>:answer:<case>                set of the names above; a case is a tenant and a digest of evidence
    <prefix>:answers:<tenant>             set of a tenant's cases
"""

import asyncio
import hmac
import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, TypeVar, cast
from uuid import UUID

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from faultmaven_events.errors import MissingContent
from faultmaven_events.infra.keys import derive_key, required_key
from faultmaven_events.infra.llm import similar
from faultmaven_events.infra.seal import seal, unseal
from faultmaven_events.schemas.model import Model
from faultmaven_events.schemas.usage import Task
from faultmaven_events.settings import Settings

PATIENCE_S: Final = 0.15
"""What a lookup may take, comparing vectors included; then it is a miss."""
KEEPING_S: Final = 1.0
REST_S: Final = 15.0
"""How long a cache that failed is left alone."""
GROUP: Final = 64
"""Questions that one is compared with: the latest of its group."""
LARGEST: Final = 256 * 1024
"""Bytes of an answer that is kept."""

T = TypeVar("T")
Read = TypeVar("Read", bound=BaseModel)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Key:
    """What an answer depends on.

    `evidence` is a digest over all that the model is shown of the case beside the question: the digests of the evidence, the version of
    the rules, the passages of knowledge.
    """

    tenant: str
    task: Task
    question: str
    evidence: str
    template: str
    model: str
    strategy: str = "single"
    tools: str = ""


class Cached(Model):
    """An answer that was given before, and where: what a report names."""

    text: str
    job: UUID
    provider: str
    model: str
    how: str = Field(default="same", description="`same` question, or one `alike`")


class _Asked(Model):
    """A question that was answered: what the next one is compared with."""

    model_config = ConfigDict(val_json_bytes="base64")

    question: str
    vector: bytes
    name: str


@dataclass(slots=True)
class Answers:
    """The cache. `redis` is None where there is none, or nothing is to be kept: everything is a miss then."""

    redis: "Redis | None"
    prefix: str
    key: bytes
    hours: float
    similarity: float
    patience: float = PATIENCE_S
    keeping: float = KEEPING_S
    rests_until: float = field(default=0.0)

    async def find(self, key: Key, vector: Sequence[float] = ()) -> Cached | None:
        """Return an answer to the question, or to one that means the same; None also when the cache does not answer in time."""
        return await self._within(self.patience, self._find(_Place(self, key), vector)) if self._works else None

    async def keep(self, key: Key, vector: Sequence[float], text: str, job: UUID, *, provider: str = "", model: str = "") -> None:
        """Keep an answer that passed its checks. Where that fails, the next one asks again."""
        if self._works and len(text.encode()) <= LARGEST and len(vector) <= similar.DIMENSIONS:
            answer = Cached(text=text, job=job, provider=provider, model=model or key.model)
            await self._within(self.keeping, self._keep(_Place(self, key), vector, answer))

    async def forget(self, tenant: str, evidence: str | None = None) -> int:
        """Remove what is kept about a digest of evidence, or all of a tenant's; return the number of names removed.

        Raises:
            RedisError, OSError: the server did not do it; what is kept goes by itself after its hours.
        """
        if self.redis is None:
            return 0
        index, removed = self._tenant(tenant), 0
        cases = [self.case(tenant, evidence)] if evidence is not None else [_text(each) for each in await _all(self.redis, index)]
        for case in cases:
            names = [_text(each) for each in await _all(self.redis, case)]
            removed += int(await self.redis.delete(case, *names))
        if evidence is None:
            await self.redis.delete(index)
        return removed

    async def _find(self, place: "_Place", vector: Sequence[float]) -> Cached | None:
        assert self.redis is not None  # for mypy: nobody calls it else
        found = await self._open(Cached, place.key.tenant, place.answer, await self.redis.get(place.answer))
        if found is not None or not vector or self.similarity >= 1 or len(place.question) > similar.LONGEST:
            return found
        near = await self._nearest(place, vector)
        if near is None:
            return None
        found = await self._open(Cached, place.key.tenant, near.name, await self.redis.get(near.name))
        return found.model_copy(update={"how": "alike"}) if found else None

    async def _nearest(self, place: "_Place", vector: Sequence[float]) -> _Asked | None:
        assert self.redis is not None  # for mypy: nobody calls it else
        best, best_cosine = None, self.similarity
        for sealed in await _listed(self.redis, place.group):
            asked = await self._open(_Asked, place.key.tenant, place.group, sealed)
            if asked is None:
                continue
            try:
                near = similar.cosine(similar.unpacked(asked.vector), vector)
            except ValueError:
                continue
            if near >= best_cosine and similar.alike(asked.question, place.question):
                best, best_cosine = asked, near
        return best

    async def _keep(self, place: "_Place", vector: Sequence[float], answer: Cached) -> None:
        assert self.redis is not None  # for mypy: nobody calls it else
        tenant, seconds = place.key.tenant, max(1, round(self.hours * 3600))
        sealed = await self._seal(tenant, place.answer, answer)
        async with self.redis.pipeline(transaction=True) as pipe:
            pipe.set(place.answer, sealed, ex=seconds)
            if vector and len(place.question) <= similar.LONGEST:
                asked = _Asked(question=place.question, vector=similar.packed(vector), name=place.answer)
                pipe.lpush(place.group, await self._seal(tenant, place.group, asked))
                pipe.ltrim(place.group, 0, GROUP - 1)
                pipe.expire(place.group, seconds)
            pipe.sadd(place.case, place.answer, place.group)
            pipe.sadd(self._tenant(tenant), place.case)
            for name in (place.case, self._tenant(tenant)):
                pipe.expire(name, seconds)
            await pipe.execute()

    @property
    def _works(self) -> bool:
        return self.redis is not None and time.monotonic() >= self.rests_until

    async def _within(self, seconds: float, work: Awaitable[T]) -> T | None:
        try:
            async with asyncio.timeout(seconds):
                return await work
        except (RedisError, OSError, TimeoutError) as error:
            self.rests_until = time.monotonic() + REST_S
            log.warning("answers_away", error=type(error).__name__)
            return None

    async def _seal(self, tenant: str, name: str, value: BaseModel) -> bytes:
        pieces = seal(derive_key(self.key, f"answers/{tenant}"), f"{tenant}/{name}", _whole(value.model_dump_json().encode()))
        return b"".join([piece async for piece in pieces])

    async def _open(self, model: type[Read], tenant: str, name: str, sealed: object) -> Read | None:
        """Return a value; None when there is none, or it is not what lay there."""
        if not isinstance(sealed, bytes) or len(sealed) > 2 * LARGEST:
            return None
        pieces = unseal(derive_key(self.key, f"answers/{tenant}"), f"{tenant}/{name}", _whole(sealed))
        try:
            return model.model_validate_json(b"".join([piece async for piece in pieces]))
        except (MissingContent, ValidationError):
            log.warning("answer_garbled")
            return None

    def case(self, tenant: str, evidence: str) -> str:
        """Return the name of the set of all that is kept about a digest of evidence."""
        return f"{self.prefix}:answer:{self.digest(tenant, 'case', evidence)}"

    def _tenant(self, tenant: str) -> str:
        return f"{self.prefix}:answers:{self.digest(tenant, 'tenant')}"

    def digest(self, tenant: str, *parts: str) -> str:
        """Return a keyed digest of parts, none of which can run into the next."""
        told = "".join(f"{len(part)}:{part}" for part in (tenant, *parts))
        return hmac.new(derive_key(self.key, f"answers/names/{tenant}"), told.encode("utf-8", "replace"), sha256).hexdigest()[:40]


class _Place:
    """Where an answer lies."""

    def __init__(self, answers: Answers, key: Key) -> None:
        self.key, self.question = key, similar.plain(key.question)
        self.case = answers.case(key.tenant, key.evidence)
        asked = (key.task, key.template, key.model, key.strategy, key.tools)
        self.group = f"{self.case}:g:{answers.digest(key.tenant, key.evidence, *asked)}"
        self.answer = f"{self.case}:a:{answers.digest(key.tenant, key.evidence, *asked, self.question)}"


def _text(name: object) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


async def _all(redis: "Redis", name: str) -> set[Any]:
    return await cast("Awaitable[set[Any]]", redis.smembers(name))


async def _listed(redis: "Redis", name: str) -> list[Any]:
    return await cast("Awaitable[list[Any]]", redis.lrange(name, 0, GROUP - 1))


async def _whole(data: bytes) -> AsyncIterator[bytes]:
    yield data


@asynccontextmanager
async def open_answers(settings: Settings) -> AsyncIterator[Answers]:
    """Open the cache of the settings; no server is asked before the first use.

    Raises:
        SetupError: no key for clean blobs.
    """
    key, url = required_key(settings, "clean"), settings.redis_url
    common = {"hours": settings.llm_cache_h, "similarity": settings.llm_cache_similarity}
    if url is None or settings.llm_cache_h <= 0:
        yield Answers(None, settings.redis_prefix, key, **common)
        return
    redis = Redis.from_url(url.get_secret_value(), socket_timeout=KEEPING_S, socket_connect_timeout=PATIENCE_S)
    try:
        yield Answers(redis, settings.redis_prefix, key, **common)
    finally:
        await redis.aclose()
