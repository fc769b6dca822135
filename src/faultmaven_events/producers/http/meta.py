"""GET /v1/meta/capabilities: what this deployment can do, for clients that adapt."""

from typing import Any

from fastapi import APIRouter

from faultmaven_events import __version__
from faultmaven_events.producers.http import troubleshoot
from faultmaven_events.producers.http.door import AtDoor
from faultmaven_events.producers.http.names import DOCUMENT_TYPES
from faultmaven_events.producers.http.preferences import LONGEST_WAIT
from faultmaven_events.schemas.registry import EVENTS
from faultmaven_events.topology import PATHS, STAGES

router = APIRouter(prefix="/v1/meta", tags=["operations"])


@router.get("/capabilities")
async def capabilities(door: AtDoor) -> dict[str, Any]:
    """Show versions, kinds of jobs and the stages they pass, limits, who reasons, and which consumers are alive (null: unknown).

    `reasoner.providers` are the language models in the order in which they are asked, with the states of their breakers.
    """
    settings, alive, models = door.settings, await door.heartbeats.alive(), door.models
    first = models.providers[0].model if models.providers else None
    return {
        "version": __version__,
        "api_versions": ["v1"],
        "kinds": {kind: {"path": list(path)} for kind, path in PATHS.items()},
        "event_types": sorted(EVENTS),
        "document_types": {media_type: list(extensions) for media_type, extensions in DOCUMENT_TYPES.items()},
        "limits": {
            "upload_bytes": settings.upload_limit,
            "unpacked_bytes": settings.text_limit,
            "question_bytes": troubleshoot.QUESTION,
            "files_per_question": troubleshoot.FILES,
            "bytes_per_question": troubleshoot.FILE_TOTAL * settings.upload_limit,
            "job_deadline_s": settings.job_deadline_s,
            "longest_wait_s": LONGEST_WAIT,
        },
        "reasoner": {
            "mode": "llm" if first else "offline",
            "model": first,
            "providers": await models.show(),
            "wrong": models.wrong or None,
        },
        "consumers": {stage.name: alive.get(stage.name, 0) if alive is not None else None for stage in STAGES},
    }
