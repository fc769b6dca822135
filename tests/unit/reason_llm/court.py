"""A small incident, judged offline, and models of a real HTTP server that are consulted about it through the real router."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from tests.unit.reason.faults import FAULTS
from tests.unit.reason.scene import Scene, context, judged

from faultmaven_events.consumers.reason.llm.consult import consult
from faultmaven_events.consumers.reason.llm.counsel import Counsel
from faultmaven_events.consumers.reason.llm.docket import Docket, Pages
from faultmaven_events.consumers.reason.llm.tools.reach import Reach
from faultmaven_events.consumers.reason.llm.tools.registry import registry
from faultmaven_events.infra.llm.port import OverBudget, Provider, Request
from faultmaven_events.infra.llm.router import Router, open_models
from faultmaven_events.schemas.report import IncidentReport
from faultmaven_events.schemas.usage import Usage
from faultmaven_events.settings import Settings
from providers import Fake, Say, Step, provider

SLOW_QUERY = "a release runs a slow query"
FIRM = "a renewed certificate is served without its intermediate"
ALL_TOOLS = ",".join(registry())


@dataclass(frozen=True)
class Case:
    """An offline report with what it was written from."""

    report: IncidentReport
    texts: Mapping[UUID, str]
    names: Mapping[UUID, str]

    @property
    def pages(self) -> Pages:
        return Pages(self.texts, self.names)

    @property
    def docket(self) -> Docket:
        return Docket.of(self.report, self.pages)


def judge(scene: Scene) -> Case:
    prepared = scene.insights()
    names = {insights.evidence_id: insights.file for insights, _ in prepared}
    return Case(judged(scene.question, prepared), dict(context(prepared).texts), names)


OTHERS = [
    ("H2", 0.12, "catalog-api waits for a slow disk of its database.", "infrastructure"),
    ("H3", 0.08, "catalog-api has too few workers for its traffic.", "capacity"),
    ("H4", 0.05, "A cache in front of catalog-api was emptied.", "resource_exhaustion"),
]


@cache
def case(name: str = SLOW_QUERY) -> Case:
    """An incident with four hypotheses, whatever the rules find of it today: the first is theirs."""
    found = judge(FAULTS[name][0]())
    first = found.report.hypotheses[0].model_copy(update={"posterior": 0.6})
    others = [
        first.model_copy(update={"id": id, "posterior": posterior, "statement": statement, "category": category})
        for id, posterior, statement, category in OTHERS
    ]
    return replace(found, report=found.report.model_copy(update={"verdict": "likely", "hypotheses": (first, *others)}))


@dataclass
class Purse:
    """A meter that lets `calls` calls through and remembers how they ended."""

    calls: int = 1000
    open: set[UUID] = field(default_factory=set)
    usages: list[Usage] = field(default_factory=list)

    async def reserve(self, provider: Provider, model: str, request: Request) -> UUID:
        if len(self.open) + len(self.usages) >= self.calls:
            raise OverBudget
        call = uuid4()
        self.open.add(call)
        return call

    async def settle(self, call: UUID, usage: Usage) -> None:
        self.open.remove(call)
        self.usages.append(usage)


@dataclass
class Court:
    """Who is asked about a case."""

    case: Case
    fakes: Sequence[Fake]
    models: Router
    purse: Purse = field(default_factory=Purse)

    @property
    def asked(self) -> list[dict[str, Any]]:
        return [request.body for fake in self.fakes for request in fake.requests]

    def script(self, *steps: Step) -> None:
        """Begin anew with the first provider."""
        self.fakes[0].script(*steps)
        self.fakes[0].requests.clear()

    def reach(self, **more: Any) -> Reach:
        return Reach(**{"tenant": "acme", "job_id": self.case.report.job_id, "pages": self.case.pages, **more})

    def counsel(self, **more: Any) -> Counsel:
        return Counsel(**{"models": self.models, "meter": self.purse, "reach": self.reach(), "model": "openai/tiny", **more})

    async def consult(self, **more: Any) -> IncidentReport:
        return await consult(self.case.report, self.case.texts, self.counsel(**more))


async def untold(_: object) -> None:
    return


@asynccontextmanager
async def court(
    *steps: Step, about: Case | None = None, others: Sequence[Sequence[Step]] = (), tmp: Any = None, fields: str = ""
) -> AsyncIterator[Court]:
    """Serve one provider per script; with `tmp`, a folder, they are named a, b ... in a file with more `fields`."""
    async with AsyncExitStack() as stack:
        fakes = [await stack.enter_async_context(provider(*script)) for script in (steps or (Say("{}"),), *others)]
        if tmp is None:
            settings = Settings(llm_model="openai/tiny", llm_api_base=f"{fakes[0].url}/v1", llm_api_key="none", redis_url=None)  # type: ignore[arg-type]  # pydantic reads it
        else:
            rows = [
                f'[[provider]]\nname = "{chr(97 + n)}"\nmodel = "openai/tiny{n}"\napi_base = "{fake.url}/v1"\ntimeout_s = 20\n{fields}\n'
                for n, fake in enumerate(fakes)
            ]
            (tmp / "llm.toml").write_text("\n".join(rows))
            settings = Settings(llm_file=tmp / "llm.toml", redis_url=None)
        models = await stack.enter_async_context(open_models(settings, untold))
        yield Court(about or case(), fakes, models)
