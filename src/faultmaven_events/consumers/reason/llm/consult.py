"""The optional second opinion: any provider through litellm. Whatever goes wrong, the offline answer stands and says so."""

import asyncio
import os
import secrets
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from faultmaven_events.consumers.reason.llm.opinion import adopt
from faultmaven_events.consumers.reason.llm.prompt import VERSION, Opinion, Unusable, messages, read, repair
from faultmaven_events.schemas.report import Cost, IncidentReport
from faultmaven_events.settings import Settings

_ATTEMPTS: Final = 2
_TOKENS: Final = 1500


@dataclass(slots=True)
class Bill:
    """What was used so far, also when it came to nothing."""

    tokens_in: int = 0
    tokens_out: int = 0
    money: float = 0.0
    calls: int = 0
    model: str = field(default="")

    def cost(self) -> Cost:
        """As the report shows it."""
        return Cost(
            tokens_in=self.tokens_in,
            tokens_out=self.tokens_out,
            money_usd=round(self.money, 6),
            calls={self.model: self.calls} if self.calls else {},
        )


def _library() -> Any:
    """Import litellm when it is needed: it takes seconds and 190 MB. The price map comes from the package, not from the network."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import litellm
    # It builds models at its first call, which warn about its own types.
    for message in ("Item '.*' on TypedDict class", "Pydantic serializer warnings"):
        warnings.filterwarnings("ignore", message=message, category=UserWarning)
    litellm.suppress_debug_info = True
    litellm.telemetry = False
    return litellm


async def second_opinion(report: IncidentReport, texts: Mapping[UUID, str], settings: Settings) -> IncidentReport:
    """Ask the configured model about a report; return the report with its opinion, or unchanged with the reason in `degraded`."""
    if settings.llm_model is None or not report.hypotheses:
        return report
    bill = Bill(model=settings.llm_model)
    try:
        async with asyncio.timeout(settings.llm_timeout_s):
            opinion = await _ask(report, settings, bill)
    except TimeoutError:
        return _offline(report, bill, f"the model did not answer within {settings.llm_timeout_s:g} s")
    except Unusable as error:
        return _offline(report, bill, f"the model's answer was not usable twice ({error})")
    except Exception as error:  # noqa: BLE001 # providers raise anything; the name says enough, the text may hold content
        return _offline(report, bill, f"the model could not be asked ({type(error).__name__})")
    adopted = adopt(report, opinion, settings.llm_model, texts)
    note = f"Verified facts were sent to the model {settings.llm_model} ({bill.calls} calls)"
    provenance = {**adopted.provenance, "prompt": VERSION}
    return adopted.model_copy(update={"cost": bill.cost(), "security_notes": (*adopted.security_notes, note), "provenance": provenance})


def _offline(report: IncidentReport, bill: Bill, reason: str) -> IncidentReport:
    return report.model_copy(update={"degraded": (*report.degraded, f"Offline answer: {reason}."), "cost": bill.cost()})


async def _ask(report: IncidentReport, settings: Settings, bill: Bill) -> Opinion:
    """Ask, and once more when the answer is not usable.

    Raises:
        Unusable: the second answer is not usable either.
    """
    library = await asyncio.to_thread(_library)
    talk = messages(report, secrets.token_hex(8))
    answer = await _call(library, settings, talk, bill)
    try:
        return read(answer)
    except Unusable as error:
        talk = [*talk, {"role": "assistant", "content": answer[:4000]}, repair(str(error))]
        return read(await _call(library, settings, talk, bill))


async def _call(library: Any, settings: Settings, talk: list[dict[str, str]], bill: Bill) -> str:
    transient = (library.exceptions.APIConnectionError, library.exceptions.InternalServerError, library.exceptions.ServiceUnavailableError)
    wait = wait_random_exponential(multiplier=0.2, max=2)
    async for attempt in AsyncRetrying(
        stop=stop_after_attempt(_ATTEMPTS), wait=wait, retry=retry_if_exception_type(transient), reraise=True
    ):
        with attempt:
            bill.calls += 1
            response = await library.acompletion(
                model=settings.llm_model,
                messages=talk,
                api_base=settings.llm_api_base,
                api_key=settings.llm_api_key.get_secret_value() if settings.llm_api_key else None,
                temperature=0,
                max_tokens=_TOKENS,
                response_format={"type": "json_object"},
                timeout=settings.llm_timeout_s,
                max_retries=0,
                drop_params=True,
            )
    return _content(library, response, bill)


def _content(library: Any, response: Any, bill: Bill) -> str:
    usage = getattr(response, "usage", None)
    bill.tokens_in += int(getattr(usage, "prompt_tokens", 0) or 0)
    bill.tokens_out += int(getattr(usage, "completion_tokens", 0) or 0)
    try:
        bill.money += float(library.completion_cost(completion_response=response) or 0.0)
    except Exception:  # noqa: BLE001 # a model without a known price costs an unknown amount; the tokens are counted
        bill.money += 0.0
    return str(response.choices[0].message.content or "")
