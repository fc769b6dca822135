"""The whole way to a model and back, with one that nobody scripted: `make test-llm`."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.conversation.reports import BEGIN, JOB, LOG
from tests.unit.conversation.reports import report as earlier
from tests.unit.reason_llm.court import Purse, case

from faultmaven_events.consumers.reason.conversation.answer import answer
from faultmaven_events.consumers.reason.conversation.turns import Turn, conversation
from faultmaven_events.consumers.reason.llm.consult import consult
from faultmaven_events.consumers.reason.llm.counsel import Counsel
from faultmaven_events.consumers.reason.llm.tools.reach import Reach
from faultmaven_events.infra.llm.port import ANEW, BadOutput, Provider, Reply, Request
from faultmaven_events.infra.llm.router import Router, open_models
from faultmaven_events.schemas.report import IncidentReport
from faultmaven_events.settings import Settings
from providers import Fake, Hang, dead_url, provider

MODEL = "openai/smollm2"


async def _untold(_: object) -> None:
    return


@pytest.fixture
async def hanging() -> AsyncIterator[Fake]:
    async with provider(Hang()) as fake:
        yield fake


@pytest.fixture
async def models(model_url: str, hanging: Fake, tmp_path: Path) -> AsyncIterator[Router]:
    """A provider that is dead, one that hangs, and the model."""
    rows = [
        f'name = "dead"\nmodel = "openai/x"\napi_base = "{dead_url()}/v1"',
        f'name = "hanging"\nmodel = "openai/x"\napi_base = "{hanging.url}/v1"\ntimeout_s = 1',
        f'name = "small"\nmodel = "{MODEL}"\napi_base = "{model_url}"\ntimeout_s = 160\nstyle = "compact"\njson = "object"\ntools = false',
    ]
    (tmp_path / "llm.toml").write_text("\n".join(f"[[provider]]\n{row}" for row in rows))
    settings = Settings(llm_file=tmp_path / "llm.toml", redis_url=None, llm_total_s=170)
    async with open_models(settings, _untold) as router:
        yield router


def asking(text: str, schema: dict[str, Any] | None = None, most: int = 60) -> Any:
    def build(_: Provider) -> Request:
        return Request([{"role": "user", "content": text}], schema=schema, max_tokens=most)

    return build


async def test_it_answers_after_one_that_is_dead_and_one_that_hangs(models: Router, hanging: Fake) -> None:
    purse = Purse()
    reply = await models.complete("investigate", asking("Say in one sentence what a connection pool is."), meter=purse)
    assert (reply.provider, reply.model) == ("small", MODEL)
    assert reply.text.strip()
    assert hanging.requests
    assert [(usage.provider, usage.outcome) for usage in purse.usages][-1] == ("small", "answered")
    assert {usage.provider for usage in purse.usages} >= {"hanging", "small"}
    assert not purse.open


async def test_it_says_what_it_counted(models: Router) -> None:
    reply = await models.complete("investigate", asking("Say hello."), meter=Purse())
    assert not reply.estimated
    assert 0 < reply.tokens_out <= 60
    assert 20 < reply.tokens_in < 100
    longer = await models.complete("investigate", asking("Say hello. " * 50), meter=Purse())
    assert longer.tokens_in > reply.tokens_in + 100


async def test_its_stream_is_its_answer_in_pieces(models: Router) -> None:
    pieces: list[str] = []

    async def take(piece: str) -> None:
        pieces.append(piece)

    reply = await models.complete("follow_up", asking("Count from one to ten in words."), meter=Purse(), on_text=take)
    assert "".join(pieces).rpartition(ANEW)[2] == reply.text
    assert len(pieces) > 5
    assert reply.tokens_out > 5


async def test_its_json_is_json(models: Router) -> None:
    def check(reply: Reply) -> None:
        try:
            json.loads(reply.text)
        except ValueError:
            raise BadOutput("it is not JSON") from None

    schema = {"type": "object", "properties": {"cause": {"type": "string"}}, "required": ["cause"]}
    question = asking("Answer in JSON with the key cause: why did the pool fail?", schema, most=400)
    reply = await models.complete("investigate", question, meter=Purse(), check=check)
    assert isinstance(json.loads(reply.text), dict)


def unfounded(report: IncidentReport, texts: str) -> list[str]:
    """What a report claims without a line that is there."""
    verified = {each.evidence_id for each in report.evidence if each.integrity == "verified"}
    wrong = [
        each.citation.quote for each in report.evidence if each.integrity == "verified" and each.citation.quote.strip("…") not in texts
    ]
    return wrong + [
        claim.text for claim in report.claims if claim.kind == "fact" and not (claim.verified and verified & {*claim.evidence_refs})
    ]


async def test_a_report_stays_true_whatever_it_says(models: Router) -> None:
    about, purse = case(), Purse()
    reach = Reach(tenant="acme", job_id=about.report.job_id, pages=about.pages)
    counsel = Counsel(models, purse, reach, model=MODEL, total_s=170)
    report = await consult(about.report, about.texts, counsel)
    asked = [usage for usage in purse.usages if usage.provider == "small"]
    assert asked
    assert asked[0].tokens_in > 300, "it was shown the incident"
    assert unfounded(report, "\n".join(about.texts.values())) == []
    assert (report.verdict, report.confidence) == (about.report.verdict, about.report.confidence) or report.reasoner == MODEL
    offline = {hypothesis.id for hypothesis in about.report.hypotheses}
    assert all(each.origin == MODEL for each in report.hypotheses if each.id not in offline)
    assert offline <= {each.id for each in report.hypotheses}
    assert report.reasoner == MODEL or any(reason.startswith("Offline answer") for reason in report.degraded)
    assert report.cost.tokens_in >= asked[0].tokens_in


async def test_a_follow_up_rests_on_the_report_whatever_it_says(models: Router) -> None:
    report = earlier()
    talk = conversation([Turn(JOB, BEGIN, "completed", (LOG,), report)])
    told: list[str] = []

    async def take(piece: str) -> None:
        told.append(piece)

    answered = await answer(report, talk, "Why did payments fail?", models=models, meter=Purse(), on_text=take)
    assert told
    assert answered.answer.text
    assert {*answered.answer.evidence_refs} <= {each.evidence_id for each in report.evidence}
    assert answered.answer.answered_by in {MODEL, "offline"}
    assert (answered.answer.answered_by == "offline") == bool(answered.degraded)
