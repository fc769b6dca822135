"""Carries out what a model asks for, within limits, and keeps a record of each call. One desk serves one question, also a whole team."""

import asyncio
import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from faultmaven_events.consumers.reason.llm.advice import Proposal
from faultmaven_events.consumers.reason.llm.docket import Docket
from faultmaven_events.consumers.reason.llm.enclosed import neutral
from faultmaven_events.consumers.reason.llm.grounds import phrases, tidy
from faultmaven_events.consumers.reason.llm.suspicion import any_suspect
from faultmaven_events.consumers.reason.llm.tools.evidence import read_evidence
from faultmaven_events.consumers.reason.llm.tools.knowledge import search_knowledge
from faultmaven_events.consumers.reason.llm.tools.reach import Reach, Sampled
from faultmaven_events.consumers.reason.llm.tools.registry import Failed, Refused, Tool
from faultmaven_events.consumers.reason.llm.tools.secrecy import revealing
from faultmaven_events.consumers.reason.llm.tools.series import query_series
from faultmaven_events.consumers.reason.llm.tools.setting import MOST, propose_setting
from faultmaven_events.consumers.reason.llm.tools.web import web_search
from faultmaven_events.infra.llm.port import Call
from faultmaven_events.schemas.cost import ToolCall

ROUNDS: Final = 4
CALLS: Final = 12
SECONDS: Final = 45.0
"""For all calls of one question together."""
RESULT: Final = 12_000
"""Characters of one result that a model is shown."""
RECORDED: Final = 50
"""Calls that are recorded in full; of further ones, only their number."""
_SHOWN: Final = 200
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_ASKED: Final = 4
"""Least characters of an argument that count as asked for by a line."""


@dataclass(slots=True)
class Desk:
    """The tools of one question, what is left of its limits, and what was done."""

    reach: Reach
    docket: Docket
    names: tuple[str, ...] = ()
    """Components of the evidence, which no query may name."""
    clock: Callable[[], float] = time.monotonic
    calls: list[ToolCall] = field(default_factory=list)
    proposals: list[Proposal] = field(default_factory=list)
    outward: list[str] = field(default_factory=list)
    _spent: float = 0.0
    _begun: int = 0
    _series: tuple[Sampled, ...] | None = None

    def offered(self, round_: int) -> tuple[Tool, ...]:
        """The tools of a round: none after the last, and none outward once a line tried to instruct the model."""
        if round_ > ROUNDS or self._begun >= CALLS or self._spent >= SECONDS:
            return ()
        return tuple(tool for tool in self.reach.usable() if not (tool.outward and self.docket.tainted))

    async def answer(self, call: Call, round_: int, offered: tuple[Tool, ...], by: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Carry out one call; return what the model is told, a result or an error, and the arguments as they were understood.

        Raises:
            Unavailable: the call could not be noted in the audit; it was not carried out.
        """
        name = call.name if _NAME.fullmatch(call.name) else "?"
        begun = self.clock()
        arguments: dict[str, Any] = {}
        try:
            tool = self._admitted(name, offered)
            arguments = tool.arguments(call.arguments)
            self._unprompted(name, arguments)
            self._begun += 1
            await self._noted(name, arguments, round_, by)
            result = await self._carried_out(tool, arguments)
        except Refused as error:
            return self._told(self._entry(round_, name, arguments, begun), "refused", str(error)), arguments
        except Failed as error:
            return self._told(self._entry(round_, name, arguments, begun), "failed", str(error)), arguments
        return self._done(self._entry(round_, name, arguments, begun), result), arguments

    def _admitted(self, name: str, offered: tuple[Tool, ...]) -> Tool:
        tool = next((t for t in offered if t.name == name), None)
        if tool is None:
            raise Refused("there is no such tool")
        if self._begun >= CALLS or self._spent >= SECONDS:
            raise Refused("no more calls")
        return tool

    async def _carried_out(self, tool: Tool, arguments: dict[str, Any]) -> dict[str, Any]:
        begun = self.clock()
        try:
            async with asyncio.timeout(min(tool.seconds, max(0.1, SECONDS - self._spent))):
                return await self._run(tool.name, arguments)
        except TimeoutError:
            raise Failed("it took too long") from None
        finally:
            self._spent += self.clock() - begun

    async def _run(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        match name:
            case "read_evidence":
                return read_evidence(arguments, self.docket)
            case "search_knowledge":
                return await search_knowledge(arguments, self.reach)
            case "query_series":
                return query_series(arguments, await self._sampled())
            case "web_search":
                return await self._searched(arguments["query"])
            case _:
                return await self._proposed(arguments)

    async def _sampled(self) -> tuple[Sampled, ...]:
        if self._series is None:
            assert self.reach.series is not None  # it is not offered otherwise
            try:
                self._series = tuple(await self.reach.series())
            except ValueError:
                raise Failed("the series cannot be read") from None
        return self._series

    async def _searched(self, query: str) -> dict[str, Any]:
        assert self.reach.web_url is not None  # it is not offered otherwise
        names = (*self.names, *self.reach.pages.names, self.reach.tenant)
        why = await asyncio.to_thread(revealing, query, tuple(self.reach.pages.texts), names)
        if why:
            raise Refused(f"the query may not leave: {why}")
        self.outward.append("web_search")
        return await web_search(query, self.reach.web_url)

    async def _proposed(self, arguments: dict[str, Any]) -> dict[str, Any]:
        if len(self.proposals) >= MOST:
            raise Refused(f"no more than {MOST} proposals")
        proposal = await asyncio.to_thread(propose_setting, arguments, self.docket)
        if all(p.path != proposal.path for p in self.proposals):
            self.proposals.append(proposal)
        return {"noted": "A person will be shown this proposal. Nothing was changed."}

    def _unprompted(self, name: str, arguments: dict[str, Any]) -> None:
        """Refuse what a line of the evidence told the model to ask."""
        if not self.docket.suspects:
            return
        lines = "\n".join(self.docket.suspects)
        told = f"{lines}\n{neutral(lines)}".casefold()
        own = {file.casefold() for file in self.reach.pages.names}
        texts = [t for v in arguments.values() if isinstance(v, str) and len(t := v.casefold()) >= _ASKED and t not in own]
        if name in told or any(text in told or phrases(text) & phrases(told) for text in texts):
            raise Refused("a line of the evidence tells to ask this; such lines are not followed")

    async def _noted(self, name: str, arguments: dict[str, Any], round_: int, by: str) -> None:
        if self.reach.ledger is not None:
            target = {"id": str(self.reach.job_id), "tenant": self.reach.tenant, "round": round_, "arguments": _shown(arguments)}
            await self.reach.ledger.note(by=f"model {by}"[:160], action=f"tool.{name}", target=target)

    def _entry(self, round_: int, name: str, arguments: dict[str, Any], begun: float) -> ToolCall:
        ran = max(0, round((self.clock() - begun) * 1000))
        return ToolCall(round=round_, name=name, arguments=_shown(arguments), outcome="done", ran_ms=ran)

    def _told(self, call: ToolCall, outcome: str, reason: str) -> dict[str, Any]:
        self._record(call.model_copy(update={"outcome": outcome, "reason": reason[:300]}))
        return {"error": reason}

    def _done(self, call: ToolCall, result: dict[str, Any]) -> dict[str, Any]:
        if call.name != "read_evidence":  # whose lines are marked one by one
            result = _wary(result)
        digest = hashlib.sha256(json.dumps(result, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
        self._record(call.model_copy(update={"result_sha256": digest}))
        return _cut(result)

    def _record(self, call: ToolCall) -> None:
        if len(self.calls) < RECORDED:
            self.calls.append(call)


def _wary(result: dict[str, Any]) -> dict[str, Any]:
    """Leave out what of a result from elsewhere instructs its reader: nobody needs it."""
    kept = {
        key: [one for one in value if not any_suspect(_texts(one))] if isinstance(value, list) else value for key, value in result.items()
    }
    left = sum(len(result[key]) - len(value) for key, value in kept.items() if isinstance(value, list))
    return {**kept, "left_out": f"{left} that try to instruct their reader"} if left else kept


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def _shown(arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments as the report shows them."""
    return {key: tidy(value)[:_SHOWN] if isinstance(value, str) else value for key, value in arguments.items()}


def _cut(result: dict[str, Any]) -> dict[str, Any]:
    """A result within its room: the last entries of its list go first."""
    while len(json.dumps(result, ensure_ascii=False)) > RESULT:
        longest = max(
            (key for key, value in result.items() if isinstance(value, list) and value), key=lambda k: len(result[k]), default=None
        )
        if longest is None:
            return {"error": "the result is too long"}
        result = {**result, longest: result[longest][: len(result[longest]) * 3 // 4], "cut": "the rest did not fit"}
    return result
