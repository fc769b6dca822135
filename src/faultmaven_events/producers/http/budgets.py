"""Budgets for language models: what a tenant may spend and has spent; operators give limits, and hold accounts against their entries."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import to_json
from starlette.responses import Response

from faultmaven_events.infra.audit import Audit
from faultmaven_events.infra.llm.accounts import Accounts, accounts_of
from faultmaven_events.infra.llm.check import Books
from faultmaven_events.producers.http import orders, reference
from faultmaven_events.producers.http.accepted import JSON
from faultmaven_events.producers.http.body import whole
from faultmaven_events.producers.http.door import AtDoor, Calling, Door, fit
from faultmaven_events.producers.http.operators import Operating
from faultmaven_events.producers.http.problems import Problem
from faultmaven_events.schemas.model import Model, Token
from faultmaven_events.schemas.spending import Budget, Checked, Limit

router = APIRouter(prefix="/api/v1", tags=["budgets"])

_READING: Final = ("malformed-header", "invalid-request", "internal-error", "temporarily-unavailable")
_ORDERING: Final = (*_READING, "malformed-json", "content-too-large")
_TENANT: Final = TypeAdapter[str](Token)
_EXAMPLE: Final = {"usd": 5.0, "tokens": 2_000_000, "reason": "the trial ended"}
_BUDGET: Final[reference.Responses] = {200: {"model": Budget, "description": "The budget as it stands"}, **reference.problems(*_READING)}
_TEXT = r"^[^\x00-\x1f\x7f]+$"


class LimitOrder(Limit):
    """A limit for one tenant; at least one of `usd` and `tokens`. null, or not named: no limit, whatever holds for everybody else."""

    reason: Annotated[str, Field(min_length=1, max_length=500, pattern=_TEXT)] | None = Field(
        default=None, description="Kept in the audit as it is"
    )


class MendOrder(Model):
    """An account that is to say what its entries say."""

    tenant: Token
    period: str = Field(pattern=r"^\d{4}-\d\d(-\d\d)?$")


@router.get("/budget", response_model=None, responses=_BUDGET)
async def show_own(door: AtDoor, caller: Calling) -> Response:
    """Show your budget for language models in the period that runs: limit, spent, set aside for calls that run, left."""
    return _shown(await _accounts(door).budget(caller.tenant))


@router.get("/ops/budgets", response_model=None, responses={200: {"description": "By tenant"}, **reference.problems(*_READING)})
async def list_budgets(door: AtDoor, who: Operating) -> Response:  # noqa: ARG001  # asked for, so that a stranger is refused
    """Show the budgets of tenants that have a limit of their own, or asked a model in this period."""
    return Response(to_json({"items": [each.model_dump(mode="json") for each in await _accounts(door).budgets()]}), media_type=JSON)


@router.get("/ops/budgets/{tenant}", response_model=None, responses=_BUDGET)
async def show_budget(tenant: str, door: AtDoor, who: Operating) -> Response:  # noqa: ARG001  # asked for, so that a stranger is refused
    """Show a tenant's budget."""
    return _shown(await _accounts(door).budget(_named(tenant)))


@router.put(
    "/ops/budgets/{tenant}",
    response_model=None,
    responses={**_BUDGET, **reference.problems(*_ORDERING)},
    openapi_extra={"requestBody": {"required": True, "content": {JSON: {"schema": LimitOrder.model_json_schema(), "example": _EXAMPLE}}}},
)
async def set_budget(tenant: str, request: Request, door: AtDoor, who: Operating) -> Response:
    """Give a tenant a limit of its own. It holds at once, also for the period that runs."""
    order, tenant = fit(LimitOrder, orders.order(await whole(request, orders.BODY))), _named(tenant)
    if not order.model_fields_set & {"usd", "tokens"}:
        errors = [{"pointer": "#/", "code": "missing", "detail": "names no limit: give usd or tokens; null takes a limit away"}]
        raise Problem("invalid-request", "See errors.", errors=errors)
    target = {"tenant": tenant, "usd": order.usd, "tokens": order.tokens}
    await Audit(door.database).note(by=who, action="budget_set", target=target, reason=order.reason)
    accounts = _accounts(door)
    await accounts.limits.put(tenant, order, who)
    return _shown(await accounts.budget(tenant))


@router.delete("/ops/budgets/{tenant}", response_model=None, responses=_BUDGET)
async def clear_budget(tenant: str, door: AtDoor, who: Operating) -> Response:
    """Take a tenant's own limit away: everybody's holds again. What was spent stays spent."""
    tenant, accounts = _named(tenant), _accounts(door)
    await Audit(door.database).note(by=who, action="budget_cleared", target={"tenant": tenant})
    await accounts.limits.remove(tenant)
    return _shown(await accounts.budget(tenant))


@router.get(
    "/ops/budget-check",
    response_model=None,
    responses={200: {"model": Checked, "description": "What differs"}, **reference.problems(*_READING)},
)
async def check_budgets(
    door: AtDoor,
    who: Operating,  # noqa: ARG001  # asked for, so that a stranger is refused
    tenant: Annotated[Token | None, Query(description="Only this tenant's")] = None,
    days: Annotated[int, Query(ge=1, le=400, description="Accounts with an entry in the last days")] = 40,
) -> Response:
    """Hold accounts against their entries. `differences` is empty when all is well."""
    found = await Books(door.database).check(datetime.now(UTC) - timedelta(days=days), tenant)
    return Response(found.model_dump_json(), media_type=JSON)


@router.post(
    "/ops/budget-check",
    response_model=None,
    responses={200: {"description": "Whether it was mended"}, **reference.problems(*_ORDERING)},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": MendOrder.model_json_schema(), "example": {"tenant": "acme", "period": "2026-11-20"}}},
        }
    },
)
async def mend_budget(request: Request, door: AtDoor, who: Operating) -> Response:
    """Make an account say what its entries say: the entries are the truth, and are never changed."""
    order = fit(MendOrder, orders.order(await whole(request, orders.BODY)))
    await Audit(door.database).note(by=who, action="budget_mended", target=order.model_dump())
    return Response(to_json({"mended": await Books(door.database).mend(order.tenant, order.period)}), media_type=JSON)


async def require_budget(door: Door, tenant: str) -> None:
    """Refuse a question before its body is read, when it is set that nothing is answered without a budget, and nothing is left of it.

    Raises:
        Problem: budget-spent, with the seconds until the next period in Retry-After.
    """
    settings = door.settings
    if settings.llm_over_budget != "refuse" or not (settings.llm_model or settings.llm_file):
        return
    budget = await _accounts(door).budget(tenant)
    if budget.gone:
        seconds = max(1, round((budget.resets_at - datetime.now(UTC)).total_seconds()))
        when = f"{budget.resets_at:%Y-%m-%d %H:%M} UTC"
        raise Problem(
            "budget-spent",
            f"The next period begins at {when}; an operator may raise the limit. Nothing was accepted.",
            headers={"Retry-After": str(seconds)},
            extra={"resets_at": budget.resets_at.isoformat()},
        )


def _accounts(door: Door) -> Accounts:
    return accounts_of(door.database, door.settings)


def _named(tenant: str) -> str:
    try:
        return _TENANT.validate_python(tenant)
    except ValidationError:
        raise Problem("invalid-request", "See errors.", errors=[{"pointer": "#/tenant", "code": "unfit"}]) from None


def _shown(budget: Budget) -> Response:
    return Response(budget.model_dump_json(), media_type=JSON)
