"""Whether the process lives, whether it can work, and its metrics."""

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic_core import to_json
from starlette.responses import Response

from faultmaven_events.producers.http import reference
from faultmaven_events.producers.http.accepted import JSON
from faultmaven_events.producers.http.door import AtDoor
from faultmaven_events.producers.http.problems import Problem

router = APIRouter(tags=["operations"])


@router.get("/health/live", response_model=None, responses=reference.LIVE_OUT)
async def live() -> Response:
    """Say that the process answers. It asks nothing else."""
    return Response(b'{"status":"healthy"}', media_type=JSON)


@router.get("/health/ready", response_model=None, responses=reference.READY_OUT)
async def ready(door: AtDoor) -> Response:
    """Say whether everything that is needed to accept work is there: 503 names what is not. Redis may be missing."""
    found = await door.readiness.checks()
    checks = {name: {"ok": check.ok, "required": check.required, "detail": check.problem or "ok"} for name, check in found.items()}
    failed = [name for name, check in found.items() if check.required and not check.ok]
    if failed:
        raise Problem("temporarily-unavailable", f"Not ready: {', '.join(failed)}.", extra={"checks": checks})
    return Response(to_json({"status": "ready", "checks": checks}), media_type=JSON)


@router.get("/metrics", response_model=None, responses=reference.METRICS_OUT)
async def metrics() -> Response:
    """Show the ingress's metrics for Prometheus."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
