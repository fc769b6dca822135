"""The second opinion over real HTTP: good, lying, garbled, broken and hanging models. The offline answer always stands."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from tests.unit.reason.faults import FAULTS
from tests.unit.reason.scene import context, judged

from faultmaven_events.consumers.reason.llm.consult import second_opinion
from faultmaven_events.schemas.report import IncidentReport
from faultmaven_events.settings import Settings

Answer = Callable[[list[dict[str, str]], int], tuple[int, str]]


@contextmanager
def provider(answer: Answer) -> Iterator[tuple[str, list[Any]]]:
    """A chat completion server on loopback; yields its address and the conversations it was sent."""
    seen: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen.append(body)
            status, text = answer(body["messages"], len(seen))
            choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
            usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
            shaped = {"id": "x", "object": "chat.completion", "created": 1, "model": "tiny", "choices": [choice], "usage": usage}
            data = json.dumps(shaped if status == 200 else {"error": {"message": "no"}}).encode()
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            except (BrokenPipeError, ConnectionResetError):
                return

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", seen
    finally:
        server.shutdown()
        server.server_close()


def case(name: str = "a release runs a slow query") -> tuple[IncidentReport, dict[Any, str]]:
    scene = FAULTS[name][0]()
    prepared = scene.insights()
    return judged(scene.question, prepared), dict(context(prepared).texts)


async def ask(
    answer: Answer, name: str = "a release runs a slow query", seconds: float = 30
) -> tuple[IncidentReport, IncidentReport, list[Any]]:  # the setting
    offline, texts = case(name)
    with provider(answer) as (address, seen):
        settings = Settings(llm_model="openai/tiny", llm_api_base=address, llm_api_key="none", llm_timeout_s=seconds)  # type: ignore[arg-type]  # pydantic reads it
        return offline, await second_opinion(offline, texts, settings), seen


def facts(messages: list[dict[str, str]]) -> dict[str, Any]:
    text = messages[1]["content"]
    found: dict[str, Any] = json.loads(text[text.index("{") : text.rindex("}") + 1])
    return found


async def test_a_good_answer_adds_a_hypothesis_and_words_the_headline() -> None:
    def answer(messages: list[dict[str, str]], _: int) -> tuple[int, str]:
        known = facts(messages)
        added = {
            "statement": "The new facets code may not use a prepared plan.",
            "component": "catalog-api",
            "category": "code",
            "supports": [known["facts"][0]["id"]],
        }
        return 200, json.dumps({"ranking": ["H1"], "headline": "catalog-api 2.3.0 made category pages slow", "hypotheses": [added]})

    offline, report, _ = await ask(answer)
    assert report.reasoner == "openai/tiny"
    assert report.headline == "catalog-api 2.3.0 made category pages slow"
    assert report.hypotheses[-1].origin == "openai/tiny"
    assert [h.id for h in report.hypotheses[: len(offline.hypotheses)]] == [h.id for h in offline.hypotheses]
    assert report.cost.tokens_in == 100
    assert report.cost.calls == {"openai/tiny": 1}
    assert not report.degraded


async def test_a_lying_citation_never_reaches_the_report() -> None:
    lie = {
        "statement": "The disk of db01 was 100 % full at 09:13.",
        "component": "db01",
        "category": "infrastructure",
        "supports": ["E999"],
    }

    def answer(messages: list[dict[str, str]], _: int) -> tuple[int, str]:
        invented = {**lie, "supports": [facts(messages)["facts"][0]["id"]]}
        return 200, json.dumps({"ranking": ["H1"], "headline": "db01 lost 4711 orders", "hypotheses": [lie, invented]})

    offline, report, _ = await ask(answer)
    assert "09:13" not in report.model_dump_json()
    assert "4711" not in report.model_dump_json()
    assert report.hypotheses == offline.hypotheses
    assert len([note for note in report.limitations if "left out" in note]) >= 2


async def test_garbage_is_repaired_once() -> None:
    def answer(_: list[dict[str, str]], call: int) -> tuple[int, str]:
        return 200, "I think it is the database." if call == 1 else json.dumps({"ranking": ["H1"]})

    _, report, seen = await ask(answer)
    assert len(seen) == 2
    assert report.reasoner == "openai/tiny"
    assert report.cost.calls == {"openai/tiny": 2}


async def test_garbage_twice_leaves_the_offline_answer() -> None:
    offline, report, seen = await ask(lambda _, __: (200, '{"ranking": 7}'))
    assert len(seen) == 2
    assert report.reasoner == "offline"
    assert report.hypotheses == offline.hypotheses
    assert "not usable" in report.degraded[0]


async def test_a_server_error_leaves_the_offline_answer() -> None:
    offline, report, _ = await ask(lambda _, __: (500, ""))
    assert report.headline == offline.headline
    assert "could not be asked" in report.degraded[0]


async def test_a_hanging_model_is_given_up_in_time() -> None:
    def answer(_: list[dict[str, str]], __: int) -> tuple[int, str]:
        time.sleep(4)
        return 200, "{}"

    _, report, _ = await ask(answer, seconds=1)
    assert "within 1 s" in report.degraded[0]


async def test_direct_evidence_is_not_overruled() -> None:
    name = "a renewed certificate is served without its intermediate"
    offline, report, _ = await ask(lambda _, __: (200, json.dumps({"ranking": ["H2", "H1"]})), name)
    assert offline.verdict == "confirmed"
    assert len(offline.hypotheses) > 1
    assert report.hypotheses[0].id == "H1"
    assert any("stays" in note for note in report.limitations)


async def test_evidence_is_data_between_marks_that_it_cannot_forge() -> None:
    _, _, seen = await ask(lambda _, __: (200, "{}"))
    system, user = seen[0]["messages"][0]["content"], seen[0]["messages"][1]["content"]
    mark = user.split("\n", 1)[0]
    assert mark.startswith("<<")
    assert mark in system
    assert user.count(mark) == 1
    assert "<<" not in user[len(mark) :].rsplit("<</", 1)[0]


async def test_without_a_model_nobody_is_asked() -> None:
    offline, texts = case()
    assert await second_opinion(offline, texts, Settings(llm_model=None)) is offline


@pytest.mark.parametrize("text", ['{"ranking": ["H9", "H9"]}', '{"unknown": 1}', '```json\n{"ranking": []}\n```'])
async def test_an_answer_without_use_changes_nothing(text: str) -> None:
    offline, report, _ = await ask(lambda _, __: (200, text))
    assert report.hypotheses == offline.hypotheses
    assert report.verdict == offline.verdict
