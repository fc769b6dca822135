"""What two kinds of providers write on the wire: OpenAI's chat completions and Anthropic's messages, plain and streamed.

Pure: values in, JSON or server-sent lines out. Formats after the published references of both APIs.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

Finish = Literal["stop", "tool", "length", "refusal", "filtered"]
Tool = tuple[str, str]
"""Name and arguments as written, which need not be JSON."""

CREATED = 1_700_000_000
_REFUSED = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error"}


@dataclass(frozen=True)
class Answer:
    """What is answered, whatever the dialect. Tokens None: the provider does not say."""

    model: str
    text: str | None
    tools: Sequence[Tool] = ()
    finish: Finish = "stop"
    tokens_in: int | None = 100
    tokens_out: int | None = 20
    refusal: str | None = None


class Dialect(Protocol):
    """How one kind of provider writes."""

    path: str

    def whole(self, answer: Answer) -> dict[str, Any]:
        """The body of an answer in one piece."""

    def stream(self, answer: Answer, *, usage: bool) -> Iterator[str]:
        """The server-sent lines of an answer; the first piece of text is the first or a later one of them."""

    def error(self, status: int, said: str) -> dict[str, Any]:
        """The body of a refused request."""

    def broken(self, said: str) -> str:
        """An error in the middle of a stream."""


def pieces(text: str) -> list[str]:
    """A text as it is streamed: word by word, nothing lost."""
    return re.findall(r"\S+\s*|\s+", text)


class OpenAI:
    """Chat completions."""

    path = "/v1/chat/completions"
    _finish: ClassVar = {"stop": "stop", "tool": "tool_calls", "length": "length", "refusal": "stop", "filtered": "content_filter"}

    def whole(self, answer: Answer) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": answer.text, "refusal": answer.refusal}
        if answer.tools:
            message["tool_calls"] = [_function(n, name, arguments) for n, (name, arguments) in enumerate(answer.tools)]
        body = self._frame(answer, "chat.completion")
        body["choices"] = [{"index": 0, "message": message, "finish_reason": self._finish[answer.finish], "logprobs": None}]
        return {**body, **self._usage(answer)}

    def stream(self, answer: Answer, *, usage: bool) -> Iterator[str]:
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        deltas += [{"content": piece} for piece in pieces(answer.text or "")]
        if answer.refusal:
            deltas.append({"refusal": answer.refusal})
        for n, (name, arguments) in enumerate(answer.tools):
            deltas.append({"tool_calls": [{"index": n, **_function(n, name, "")}]})
            half = len(arguments) // 2
            deltas += [{"tool_calls": [{"index": n, "function": {"arguments": part}}]} for part in (arguments[:half], arguments[half:])]
        for delta in deltas:
            yield self._chunk(answer, [{"index": 0, "delta": delta, "finish_reason": None}])
        yield self._chunk(answer, [{"index": 0, "delta": {}, "finish_reason": self._finish[answer.finish]}])
        if usage and answer.tokens_in is not None:
            yield self._chunk(answer, [], **self._usage(answer))
        yield "data: [DONE]\n\n"

    def error(self, status: int, said: str) -> dict[str, Any]:
        kinds = {429: "rate_limit_error", **_REFUSED}
        return {"error": {"message": said, "type": kinds.get(status, "server_error"), "param": None, "code": None}}

    def broken(self, said: str) -> str:
        return _data(self.error(500, said))

    def _frame(self, answer: Answer, kind: str) -> dict[str, Any]:
        return {"id": "chatcmpl-1", "object": kind, "created": CREATED, "model": answer.model}

    def _chunk(self, answer: Answer, choices: list[Any], **more: Any) -> str:
        return _data({**self._frame(answer, "chat.completion.chunk"), "choices": choices, **more})

    def _usage(self, answer: Answer) -> dict[str, Any]:
        if answer.tokens_in is None or answer.tokens_out is None:
            return {}
        total = answer.tokens_in + answer.tokens_out
        return {"usage": {"prompt_tokens": answer.tokens_in, "completion_tokens": answer.tokens_out, "total_tokens": total}}


class Anthropic:
    """Messages."""

    path = "/v1/messages"
    _finish: ClassVar = {"stop": "end_turn", "tool": "tool_use", "length": "max_tokens", "refusal": "refusal", "filtered": "refusal"}

    def whole(self, answer: Answer) -> dict[str, Any]:
        content: list[dict[str, Any]] = [{"type": "text", "text": answer.text}] if answer.text else []
        content += [
            {"type": "tool_use", "id": f"toolu_{n}", "name": name, "input": _read(arguments)}
            for n, (name, arguments) in enumerate(answer.tools)
        ]
        return {**self._message(answer), "content": content, "stop_reason": self._finish[answer.finish]}

    def stream(self, answer: Answer, *, usage: bool) -> Iterator[str]:
        yield _event("message_start", message={**self._message(answer), "content": []})
        blocks: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
        if answer.text:
            blocks.append(({"type": "text", "text": ""}, [{"type": "text_delta", "text": piece} for piece in pieces(answer.text)]))
        for n, (name, arguments) in enumerate(answer.tools):
            start = {"type": "tool_use", "id": f"toolu_{n}", "name": name, "input": {}}
            half = len(arguments) // 2
            blocks.append((start, [{"type": "input_json_delta", "partial_json": part} for part in (arguments[:half], arguments[half:])]))
        for index, (start, deltas) in enumerate(blocks):
            yield _event("content_block_start", index=index, content_block=start)
            for delta in deltas:
                yield _event("content_block_delta", index=index, delta=delta)
            yield _event("content_block_stop", index=index)
        end = {"stop_reason": self._finish[answer.finish], "stop_sequence": None}
        yield _event("message_delta", delta=end, usage={"output_tokens": answer.tokens_out or 0})
        yield _event("message_stop")

    def error(self, status: int, said: str) -> dict[str, Any]:
        kinds = {429: "rate_limit_error", 529: "overloaded_error", **_REFUSED}
        return {"type": "error", "error": {"type": kinds.get(status, "api_error"), "message": said}}

    def broken(self, said: str) -> str:
        return _event("error", error={"type": "overloaded_error", "message": said})

    def _message(self, answer: Answer) -> dict[str, Any]:
        usage = {"input_tokens": answer.tokens_in or 0, "output_tokens": answer.tokens_out or 0}
        told = {"id": "msg_1", "type": "message", "role": "assistant", "model": answer.model}
        return {**told, "stop_reason": None, "stop_sequence": None, "usage": usage}


def _function(number: int, name: str, arguments: str) -> dict[str, Any]:
    return {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": arguments}}


def _data(body: Any) -> str:
    return f"data: {json.dumps(body)}\n\n"


def _event(kind: str, **body: Any) -> str:
    return f"event: {kind}\n{_data({'type': kind, **body})}"


def _read(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except ValueError:
        return {"unreadable": arguments}
