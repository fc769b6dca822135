"""One conversation with a model about a report: it may look things up in rounds, then it answers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from faultmaven_events.consumers.reason.llm.docket import Docket
from faultmaven_events.consumers.reason.llm.enclosed import Envelope
from faultmaven_events.consumers.reason.llm.opinion import Opinion, read, schema
from faultmaven_events.consumers.reason.llm.prompt import Brief, brief, opening, template
from faultmaven_events.consumers.reason.llm.tools.desk import ROUNDS, Desk
from faultmaven_events.consumers.reason.llm.tools.registry import Tool
from faultmaven_events.infra.llm.port import BadOutput, Build, Check, Message, Meter, Models, Provider, Reply, Request
from faultmaven_events.schemas.report import IncidentReport

MAX_TOKENS: Final = 1500
PER_ROUND: Final = 6
"""Calls of one answer that are looked at; the rest is told off."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one conversation came to."""

    opinion: Opinion
    model: str
    provider: str
    shown: Brief | None
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What all conversations about one report share."""

    report: IncidentReport
    docket: Docket
    desk: Desk
    models: Models
    meter: Meter
    envelope: Envelope

    async def ask(self, *, role: str | None = None, order: int = 0, only: frozenset[str] | None = None) -> Said:
        """Hold one conversation: as a part, with the facts in another order, or with `only` some of them and no tools.

        Raises:
            NoProvider: nobody answered as asked.
            OverBudget: there is no money for it.
            Unavailable: a call of a tool could not be noted.
        """
        talk = Talk(self, role, order, only)
        round_ = 1
        while True:
            offered = self.desk.offered(round_) if only is None else ()
            reply = await self.models.complete("investigate", talk.build(offered), meter=self.meter, check=checked(offered))
            if not reply.calls:
                return Said(read(reply.text), reply.model, reply.provider, talk.shown.get(reply.provider), role)
            await talk.carry_out(reply, round_, offered)
            round_ += 1


def checked(offered: tuple[Tool, ...]) -> Check:
    """What an answer must be: calls where tools were offered, or an opinion."""

    def check(reply: Reply) -> None:
        if reply.calls and offered:
            return
        if reply.calls:
            raise BadOutput("no function may be called now: answer with the JSON object")
        read(reply.text)

    return check


@dataclass(slots=True)
class Talk:
    """One conversation as it grows. Each provider is shown it in its own form."""

    inquiry: Inquiry
    role: str | None
    order: int
    only: frozenset[str] | None = None
    turns: list[Message] = field(default_factory=list)
    looked_up: list[dict[str, Any]] = field(default_factory=list)
    shown: dict[str, Brief] = field(default_factory=dict)
    _briefs: dict[str, Brief] = field(default_factory=dict)
    _numbered: int = 0

    def build(self, offered: tuple[Tool, ...]) -> Build:
        """The request of a round, for any provider. One without tools is told in words what was looked up."""

        def request(provider: Provider) -> Request:
            tools = offered if provider.tools else ()
            shown = self.shown[provider.name] = self._brief(provider)
            first = opening(self.inquiry.report, shown, self.inquiry.envelope, role=self.role, tools=bool(tools), order=self.order)
            # Some providers take no JSON mode beside tools, some no calls in a conversation without tools.
            if tools:
                return Request([*first, *self.turns], tools=[t.told() for t in tools], max_tokens=MAX_TOKENS)
            return Request([*first, *self._recounted(provider)], schema=schema(), max_tokens=MAX_TOKENS)

        return request

    def _brief(self, provider: Provider) -> Brief:
        if provider.style not in self._briefs:
            self._briefs[provider.style] = brief(self.inquiry.report, self.inquiry.docket, provider.style, self.only)
        return self._briefs[provider.style]

    def _recounted(self, provider: Provider) -> list[Message]:
        if not self.looked_up:
            return []
        text = template(provider.style).results.strip()
        return [{"role": "user", "content": f"{text}\n{self.inquiry.envelope.around(self.looked_up)}"}]

    async def carry_out(self, reply: Reply, round_: int, offered: tuple[Tool, ...]) -> None:
        """Carry out the calls of an answer and take them down, under ids of our own: what a provider calls them may be anything."""
        asked: list[Mapping[str, Any]] = []
        results: list[Message] = []
        for call in reply.calls[:PER_ROUND]:
            self._numbered += 1
            name = call.name if any(t.name == call.name for t in offered) else "unknown_tool"
            told, arguments = await self.inquiry.desk.answer(call, round_, offered, reply.model)
            key = f"c{self._numbered:08d}"
            asked.append({"id": key, "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}})
            results.append({"role": "tool", "tool_call_id": key, "content": self.inquiry.envelope.around(told)})
            self.looked_up.append({"asked": name, "arguments": arguments, "found": told})
        self.turns += [{"role": "assistant", "content": None, "tool_calls": asked}, *results]
        left = ROUNDS - round_
        if len(reply.calls) > PER_ROUND:
            self.turns.append({"role": "user", "content": f"Only {PER_ROUND} calls at a time are carried out; {left} rounds are left."})
