"""Tools over real HTTP: what is not on the list, does not fit its schema or reaches too far is refused, told to the model, and recorded."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tests.unit.reason.scene import examine
from tests.unit.reason_llm.court import ALL_TOOLS, Case, Court, case, court, untold

from faultmaven_events.consumers.reason.llm.docket import Docket, Pages
from faultmaven_events.consumers.reason.llm.tools.desk import CALLS, ROUNDS, Desk
from faultmaven_events.consumers.reason.llm.tools.reach import Reach, series_of
from faultmaven_events.consumers.reason.llm.tools.registry import allowed, registry
from faultmaven_events.errors import SetupError, TransientError, Unavailable
from faultmaven_events.infra.llm.port import Call
from faultmaven_events.infra.llm.router import open_models
from faultmaven_events.schemas.cost import ToolCall
from faultmaven_events.schemas.insight import MergedInsights, Series
from faultmaven_events.schemas.knowledge import Hit, SearchQuery, SearchResult
from faultmaven_events.settings import Settings
from providers import Say, Status, provider

BEGIN = datetime(2026, 3, 4, 10, tzinfo=UTC)
CONFIG = "server:\n  max_connections: 30\n  auth_enabled: true\n  idle_timeout: 10s\n"


def with_config() -> Case:
    base, key = case(), uuid4()
    return Case(base.report, {**base.texts, key: CONFIG}, {**base.names, key: "settings.yaml"})


def load() -> Series:
    points = tuple((BEGIN + timedelta(seconds=n), float(n % 7)) for n in range(100))
    return Series(name="db.connections", unit="1", points=points, minimum=0, maximum=6, median=3)


async def sampled() -> list[tuple[str, Series]]:
    return [("metrics.csv", load()), ("other.csv", load().model_copy(update={"name": "cpu"}))]


class Library:
    """Knowledge that notes who asks."""

    def __init__(self, text: str = "Raise the pool size, then restart.") -> None:
        self.queries: list[SearchQuery] = []
        self.text = text

    async def search(self, query: SearchQuery, *, timeout: float = 5) -> SearchResult:  # noqa: ASYNC109 # the port's own name
        self.queries.append(query)
        hit = Hit(
            chunk_id=uuid4(), document_id=uuid4(), name="pool.md", collection="user", text=self.text, line_start=1, line_end=2, score=1
        )
        return SearchResult(hits=(hit,) * 4, model="m")


class Notes:
    """An audit that remembers."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []

    async def note(self, **entry: Any) -> None:
        self.entries.append(entry)


@asynccontextmanager
async def engine(answer: bytes, status: str = "200 OK") -> AsyncIterator[tuple[str, list[str]]]:
    """A search engine on loopback; yields its address and the requests it got."""
    seen: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(answer)}\r\nConnection: close\r\n\r\n".encode() + answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", seen
    finally:
        server.close()
        await server.wait_closed()


def desk(about: Case | None = None, **more: Any) -> Desk:
    base = about or with_config()
    reach = Reach(
        **{"tenant": "acme", "job_id": base.report.job_id, "pages": base.pages, "tools": allowed(ALL_TOOLS), "series": sampled, **more}
    )
    return Desk(reach, Docket.of(base.report, reach.pages), ("catalog-api",))


async def call(to: Desk, name: str, arguments: Any, round_: int = 1) -> dict[str, Any]:
    written = arguments if isinstance(arguments, str) else json.dumps(arguments)
    told, _ = await to.answer(Call("x", name, written), round_, to.offered(round_), "openai/tiny")
    return told


def talk(*calls: tuple[str, Any]) -> Say:
    return Say("", calls=[(name, arguments) for name, arguments in calls])


async def ask(c: Court, **more: Any) -> tuple[ToolCall, ...]:
    report = await c.consult(reach=c.reach(tools=allowed(ALL_TOOLS), **more))
    return report.tool_calls


# the loop


async def test_a_line_that_was_read_can_be_cited() -> None:
    file = next(iter(case().pages.names))
    line = case().pages.lines(case().pages.id(file))[49]  # type: ignore[arg-type]  # the file is there

    def answer(body: dict[str, Any]) -> str:
        found = json.loads(body["messages"][-1]["content"].split("\n", 1)[1].rsplit("\n", 1)[0])
        assert found["lines"][0]["number"] == 50
        one = {
            "statement": "catalog-api handled this request as usual.",
            "component": "catalog-api",
            "category": "code",
            "supports": [found["lines"][0]["id"]],
        }
        return json.dumps({"ranking": ["H1"], "hypotheses": [{**one, "quotes": [{"fact": found["lines"][0]["id"], "quote": line[:30]}]}]})

    async with court(talk(("read_evidence", {"file": file, "from": 50, "to": 50})), Say(answer)) as c:
        report = await c.consult(reach=c.reach(tools=allowed("read_evidence")))
        first, second = c.asked
    assert [t["function"]["name"] for t in first["tools"]] == ["read_evidence"]
    assert second["messages"][-1]["role"] == "tool"
    cited = report.hypotheses[-1].citations[0]
    assert (cited.file, cited.line_start, cited.quote) == (file, 50, line[:600])
    assert {e.integrity for e in report.evidence} == {"verified"}
    (done,) = report.tool_calls
    assert (done.name, done.outcome, done.round) == ("read_evidence", "done", 1)
    assert done.result_sha256 is not None
    assert line[:30] not in done.model_dump_json()


async def test_without_allowed_tools_none_is_offered_and_a_call_is_bad_output() -> None:
    async with court(talk(("read_evidence", {"file": "x", "from": 1, "to": 2})), Say("{}")) as c:
        report = await c.consult()
        assert "tools" not in c.asked[0]
    assert report.tool_calls == ()
    assert report.reasoner == "openai/tiny"


async def test_a_call_that_is_not_on_the_list_is_refused_and_told() -> None:
    async with court(talk(("run_shell", {"command": "rm -rf /"}), ("web_search", {"query": "postgres slow"})), Say("{}")) as c:
        report = await c.consult(reach=c.reach(tools=allowed("read_evidence")))
        told = [m["content"] for m in c.asked[1]["messages"] if m["role"] == "tool"]
    assert [t.outcome for t in report.tool_calls] == ["refused", "refused"]
    assert all("there is no such tool" in text for text in told)
    assert "rm -rf" not in report.model_dump_json()
    assert "2 calls of tools were refused." in report.security_notes


async def test_an_endless_loop_ends_after_its_rounds() -> None:
    file = next(iter(case().pages.names))
    again = talk(("read_evidence", {"file": file, "from": 1, "to": 2}))
    async with court(*[again] * (ROUNDS + 4)) as c:
        report = await c.consult(reach=c.reach(tools=allowed("read_evidence")))
        assert len(c.asked) == ROUNDS + 2
        assert "tools" not in c.asked[-1]
    assert report.reasoner == "offline"
    assert "no function may be called now" in report.degraded[0]


async def test_many_calls_at_once_are_bounded() -> None:
    file = next(iter(case().pages.names))
    many = talk(*[("read_evidence", {"file": file, "from": n, "to": n}) for n in range(1, 9)])
    async with court(many, many, many, Say("{}")) as c:
        calls = await ask(c)
    assert sum(t.outcome == "done" for t in calls) == CALLS
    assert len(calls) == CALLS  # with none left, no tool is offered


async def test_after_the_last_round_the_answer_is_asked_for_with_what_was_found() -> None:
    file = next(iter(case().pages.names))
    again = talk(("read_evidence", {"file": file, "from": 1, "to": 1}))
    async with court(*[again] * ROUNDS, Say('{"ranking": ["H1"]}')) as c:
        report = await c.consult(reach=c.reach(tools=allowed("read_evidence")))
        last = c.asked[-1]["messages"]
    assert report.reasoner == "openai/tiny"
    assert [m["role"] for m in last] == ["system", "user", "user"]
    assert "Looked up" in last[-1]["content"] or "looked up" in last[-1]["content"]


async def test_a_provider_without_tools_is_told_in_words_what_another_looked_up(tmp_path: Path) -> None:
    file = next(iter(case().pages.names))
    steps = [talk(("read_evidence", {"file": file, "from": 1, "to": 1})), Status(500)]
    async with court(*steps, others=[[Say("{}")]], tmp=tmp_path) as c:
        await c.consult(reach=c.reach(tools=allowed("read_evidence")))
        other = c.fakes[1].requests[0].body["messages"]
    assert [m["role"] for m in other][-1] == "tool"
    assert other[-2]["tool_calls"][0]["id"] == "c00000001"
    async with court(Say("{}"), tmp=tmp_path, fields="tools = false") as c:
        await c.consult(reach=c.reach(tools=allowed("read_evidence")))
        assert "tools" not in c.asked[0]


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "{",
        "[]",
        "null",
        '"x"',
        "[" * 3000,
        "x" * 1_000_000,
        json.dumps({"file": "a" * 500_000}),
        '{"file": "a", "from": 1, "to": 2, "tenant": "other"}',
        '{"file": "a", "from": -1, "to": 2}',
        '{"file": "a", "from": 1.5, "to": 2}',
        '{"file": ["a"], "from": 1, "to": 2}',
    ],
)
async def test_arguments_that_do_not_fit_are_refused_with_the_rule(arguments: str) -> None:
    d = desk()
    told = await call(d, "read_evidence", arguments)
    assert set(told) == {"error"}
    assert len(told["error"]) < 200
    assert d.calls[0].outcome == "refused"
    assert len(d.calls[0].model_dump_json()) < 1000


async def test_a_call_over_http_with_a_megabyte_of_arguments_is_refused() -> None:
    async with court(talk(("read_evidence", '{"file": "' + "a" * 100_000 + '"}')), Say("{}")) as c:
        calls = await ask(c)
    assert [t.outcome for t in calls] == ["refused"]


# each tool


@pytest.mark.parametrize(
    "file",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "/proc/self/environ",
        "catalog-api.log/../x",
        "catalog-api.log\x00",
        "..\\x",
        "file:///etc/passwd",
        "*",
        "",
    ],
)
async def test_only_files_of_this_question_are_read(file: str) -> None:
    d = desk()
    told = await call(d, "read_evidence", {"file": file, "from": 1, "to": 5})
    assert set(told) == {"error"}
    assert d.calls[0].outcome == "refused"
    assert "root:" not in json.dumps(told)


@pytest.mark.parametrize(("first", "last"), [(10**9, 10**9), (5, 4), (10**6, 10**6 + 1)])
async def test_lines_that_do_not_exist_are_refused(first: int, last: int) -> None:
    d = desk()
    assert "no such lines" in (await call(d, "read_evidence", {"file": d.reach.pages.names[0], "from": first, "to": last}))["error"]


async def test_at_most_sixty_lines_at_a_time() -> None:
    d = desk()
    told = await call(d, "read_evidence", {"file": "catalog-api.log", "from": 1, "to": 10**9})
    assert 0 < len(told["lines"]) <= 60
    assert len(json.dumps(told)) <= 12_100


async def test_a_line_keeps_its_id() -> None:
    d = desk()
    one = await call(d, "read_evidence", {"file": "settings.yaml", "from": 2, "to": 3})
    two = await call(d, "read_evidence", {"file": "settings.yaml", "from": 2, "to": 2})
    assert one["lines"][0] == two["lines"][0]
    known = case().report.evidence[0].citation
    there = await call(d, "read_evidence", {"file": known.file, "from": known.line_start, "to": known.line_start})
    assert there["lines"][0]["id"].startswith("E" if known.line_end == known.line_start else "T")


def test_two_files_of_one_name_stay_two() -> None:
    one, two = uuid4(), uuid4()
    pages = Pages({one: "a", two: "b"}, {one: "x.log", two: "x.log"})
    assert pages.names == ("x.log", "x.log#2")
    assert {pages.id("x.log"), pages.id("x.log#2")} == {one, two}


async def test_knowledge_is_that_of_the_tenant_and_user_who_ask() -> None:
    library = Library()
    d = desk(finder=library, user="jane", case_id="c-1")
    told = await call(d, "search_knowledge", {"query": "pool", "limit": 2})
    assert len(told["passages"]) == 2
    (query,) = library.queries
    assert (query.tenant, query.user, query.case_id) == ("acme", "jane", "c-1")
    for more in ({"tenant": "other"}, {"case_id": "c-2"}, {"user": "root"}, {"collections": ["global"]}):
        assert "error" in await call(d, "search_knowledge", {"query": "pool", **more})
    assert len(library.queries) == 1


async def test_knowledge_that_is_away_is_told_to_the_model() -> None:
    class Away(Library):
        async def search(self, query: SearchQuery, *, timeout: float = 5) -> SearchResult:  # noqa: ASYNC109 # the port's own name
            raise TransientError("nobody")

    d = desk(finder=Away())
    assert await call(d, "search_knowledge", {"query": "pool"}) == {"error": "the knowledge could not be searched"}
    assert d.calls[0].outcome == "failed"


async def test_a_figure_of_a_series() -> None:
    d = desk()
    whole = await call(d, "query_series", {"series": "db.connections", "statistic": "maximum"})
    assert (whole["maximum"], whole["at"], whole["of_points"]) == (6.0, "2026-03-04T10:00:06Z", 100)
    part = {"series": "DB.connections", "statistic": "mean", "from": "2026-03-04T10:00:07Z", "to": "2026-03-04T10:00:13+00:00"}
    assert (await call(d, "query_series", part))["mean"] == 3.0
    assert len((await call(d, "query_series", {"series": "cpu", "statistic": "points"}))["points"]) <= 40
    near = await call(d, "query_series", {"series": "conn", "statistic": "last"})
    assert near["series"] == [{"file": "metrics.csv", "series": "db.connections"}]


@pytest.mark.parametrize("time", ["yesterday", "2026-99-99", "0", "2026-03-05T10:00:00Z"])
async def test_a_time_that_is_none_is_refused(time: str) -> None:
    assert "error" in await call(desk(), "query_series", {"series": "cpu", "statistic": "mean", "from": time})


def test_series_come_from_the_merged_insights_of_the_question() -> None:
    found = examine("m.csv", "time,load\n2026-03-04T10:00:00Z,1\n")
    file = found.model_copy(update={"series": (load(),)})
    merged = MergedInsights(question="q", files=(file,)).model_dump_json().encode()
    assert [(name, one.name) for name, one in series_of(merged)] == [("m.csv", "db.connections")]


RESULTS = json.dumps({"results": [{"title": "Pool\x1b[31m full", "url": "https://a.example/b", "content": "x" * 5000}] * 30}).encode()


async def test_the_web_is_asked_in_general_words() -> None:
    async with engine(RESULTS) as (url, seen):
        d = desk(web_url=url)
        told = await call(d, "web_search", {"query": "postgres too many clients"})
        assert "GET /search?q=postgres+too+many+clients&format=json" in seen[0]
        for query in ("catalog-api slow", "10.0.0.5 refused", "db01 slow query"):
            assert "may not leave" in (await call(d, "web_search", {"query": query}))["error"]
        assert len(seen) == 1
    assert len(told["results"]) == 5
    assert told["results"][0]["title"] == "Pool full"
    assert d.outward == ["web_search"]


@pytest.mark.parametrize(
    "answer", [b"", b"<html>", b"[]", b'{"results": 7}', b'{"results": [7]}', b"[" * 100_000, b"x" * 300_000, b"\xff\xfe"]
)
async def test_a_search_engine_may_answer_anything(answer: bytes) -> None:
    async with engine(answer) as (url, _):
        told = await call(desk(web_url=url), "web_search", {"query": "postgres slow"})
    assert set(told) & {"error", "results"}
    assert "x.example" not in json.dumps(told)


async def test_a_search_engine_that_redirects_is_not_followed() -> None:
    async with engine(b"", "302 Found\r\nLocation: http://169.254.169.254/latest/meta-data") as (url, seen):
        assert await call(desk(web_url=url), "web_search", {"query": "postgres slow"}) == {"error": "the search engine answered 302"}
        assert len(seen) == 1


async def test_a_search_is_told_in_the_report() -> None:
    async with engine(RESULTS) as (url, _), court(talk(("web_search", {"query": "postgres slow query"})), Say("{}")) as c:
        report = await c.consult(reach=c.reach(tools=allowed("web_search"), web_url=url))
    assert "A model searched the web, in general words only." in report.security_notes


async def test_a_proposed_setting_is_advice_and_changes_nothing() -> None:
    about = with_config()
    proposal = {"path": "server.max_connections", "value": "60", "reason": "The pool is too small for the load."}
    async with court(talk(("propose_setting", proposal)), Say("{}"), about=about) as c:
        report = await c.consult(reach=c.reach(tools=allowed("propose_setting")))
        assert "Nothing was changed" in json.dumps(c.asked[1])
    advice = report.recommendations[-1]
    assert report.recommendations[:-1] == about.report.recommendations
    assert advice.approval_required
    assert advice.commands == ()
    assert advice.rollback == "Put back the line at settings.yaml:2: max_connections: 30"
    assert "set server.max_connections to 60 (settings.yaml:2)" in advice.action


@pytest.mark.parametrize(
    "arguments",
    [
        {"path": "server.auth_enabled", "value": "false", "reason": "It would be simpler for all."},
        {"path": "tls.verify", "value": "off", "reason": "It would be simpler for all."},
        {"path": "server.unheard_of", "value": "1", "reason": "It would be simpler for all."},
        {"path": "server.max_connections", "value": "60; rm -rf /", "reason": "It would be simpler for all."},
        {"path": "server.max_connections", "value": "$(reboot)", "reason": "It would be simpler for all."},
        {"path": "../../x", "value": "1", "reason": "It would be simpler for all."},
        {"path": "server.max_connections", "value": "60", "reason": "The host db99 told us so."},
        {"path": "server.max_connections", "value": "60", "reason": "See https://evil.example first."},
    ],
)
async def test_a_setting_that_is_guarded_or_made_up_is_not_proposed(arguments: dict[str, str]) -> None:
    d = desk()
    assert "error" in await call(d, "propose_setting", arguments)
    assert not d.proposals


async def test_a_value_that_a_log_dictates_is_not_proposed() -> None:
    base, key = with_config(), uuid4()
    log = 'level=info msg="max_connections would be best at 60"\n'
    d = desk(Case(base.report, {**base.texts, key: log}, {**base.names, key: "chatter.log"}))
    arguments = {"path": "server.max_connections", "value": "60", "reason": "The pool is too small for the load."}
    assert "a line of the evidence names this value" in (await call(d, "propose_setting", arguments))["error"]
    assert "noted" in await call(d, "propose_setting", {**arguments, "value": "45"})


async def test_a_provider_of_another_dialect_calls_tools_too() -> None:
    calls = [("read_evidence", {"file": "catalog-api.log", "from": 1, "to": 1}), ("nope", {})]
    async with provider(Say("", calls=calls), Say("{}"), dialect="anthropic") as fake:
        settings = Settings(llm_model="anthropic/claude-3-5-haiku-latest", llm_api_base=fake.url, llm_api_key="none", redis_url=None)  # type: ignore[arg-type]  # pydantic reads it
        async with open_models(settings, untold) as models:
            c = Court(case(), [fake], models)
            report = await c.consult(reach=c.reach(tools=allowed("read_evidence")))
    assert report.reasoner == "anthropic/claude-3-5-haiku-latest"
    assert [t.outcome for t in report.tool_calls] == ["done", "refused"]


# limits and records


async def test_every_call_is_noted_before_it_is_carried_out() -> None:
    notes, library = Notes(), Library()
    d = desk(finder=library, ledger=notes)
    await call(d, "search_knowledge", {"query": "pool"})
    await call(d, "no_such_tool", {})
    (entry,) = notes.entries
    assert (entry["by"], entry["action"], entry["target"]["tenant"]) == ("model openai/tiny", "tool.search_knowledge", "acme")

    class Away(Notes):
        async def note(self, **entry: Any) -> None:
            raise Unavailable("MongoDB is away")

    d = desk(finder=library, ledger=Away())
    with pytest.raises(Unavailable):
        await call(d, "search_knowledge", {"query": "pool"})
    assert len(library.queries) == 1


async def test_a_slow_tool_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    async def slow() -> list[Any]:
        await asyncio.Event().wait()
        return []

    quick = tuple(replace(tool, seconds=0.05) for tool in allowed("query_series"))
    d = desk(series=slow, tools=quick)
    assert await call(d, "query_series", {"series": "cpu", "statistic": "mean"}) == {"error": "it took too long"}


async def test_after_its_time_no_tool_is_offered() -> None:
    ticks = iter(range(0, 10_000, 30))
    d = desk()
    d.clock = lambda: float(next(ticks))
    await call(d, "read_evidence", {"file": "settings.yaml", "from": 1, "to": 1})
    await call(d, "read_evidence", {"file": "settings.yaml", "from": 1, "to": 1})
    assert d.offered(2) == ()


def test_a_tool_without_something_to_work_with_is_not_offered() -> None:
    d = desk(series=None)
    assert [t.name for t in d.offered(1)] == ["read_evidence", "propose_setting"]


def test_an_unknown_tool_in_the_settings_is_said_at_start() -> None:
    assert [t.name for t in allowed(" read_evidence , web_search,read_evidence,")] == ["read_evidence", "web_search"]
    with pytest.raises(SetupError, match="there are: search_knowledge, read_evidence"):
        allowed("read_evidence,format_disk")


def test_every_tool_has_a_closed_schema() -> None:
    assert all(t.parameters["additionalProperties"] is False and t.parameters["required"] for t in registry().values())
    assert not any({"tenant", "user", "case_id", "job_id"} & set(t.parameters["properties"]) for t in registry().values())
