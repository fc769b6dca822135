"""What every router works with, and how it gets hold of it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError

from faultmaven_events.infra.blobs import Blobs
from faultmaven_events.infra.captions import Captions
from faultmaven_events.infra.control import Control
from faultmaven_events.infra.jobs import Jobs
from faultmaven_events.infra.jobs.standing import Standing
from faultmaven_events.infra.llm.overview import Overview
from faultmaven_events.infra.mongo import Database
from faultmaven_events.producers.http import identity
from faultmaven_events.producers.http.admission import Admission
from faultmaven_events.producers.http.followers import Followers
from faultmaven_events.producers.http.gate import Gate
from faultmaven_events.producers.http.heartbeats import Heartbeats
from faultmaven_events.producers.http.inquiry import Inquiry
from faultmaven_events.producers.http.probes import has_primary
from faultmaven_events.producers.http.problems import Problem, from_validation
from faultmaven_events.producers.http.quota import Quota
from faultmaven_events.producers.http.readiness import Readiness
from faultmaven_events.producers.http.sessions import Sessions
from faultmaven_events.settings import Settings

if TYPE_CHECKING:
    from faultmaven_events.infra.points import PointStore  # brings asyncpg, which an ingress without PostgreSQL does not load

Fields = TypeVar("Fields", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Door:
    """The ingress's parts, opened once in app.py."""

    settings: Settings
    blobs: Blobs
    jobs: Jobs
    sessions: Sessions
    gate: Gate
    admission: Admission
    search: Inquiry
    readiness: Readiness
    heartbeats: Heartbeats
    database: Database
    control: Control
    standing: Standing
    quota: Quota
    captions: Captions
    followers: Followers
    models: Overview
    points: "PointStore | None" = None
    """None where no PostgreSQL is named: then the ingress shows no series."""

    def check(self) -> None:
        """Refuse new work before its body is read, while the broker or the job store is known to be away.

        Raises:
            Problem: broker-unavailable or store-unavailable, with Retry-After.
        """
        self.gate.check()
        if not has_primary(self.database):
            raise Problem("store-unavailable", "The job store is not connected. Nothing was accepted; try again.")


async def _door(request: Request) -> Door:  # async, so that FastAPI calls it without a thread
    door: Door = request.app.state.door
    return door


async def _caller(request: Request) -> identity.Caller:
    return identity.caller(request)


AtDoor = Annotated[Door, Depends(_door)]
Calling = Annotated[identity.Caller, Depends(_caller)]


def fit(model: type[Fields], values: object) -> Fields:
    """Return values as a model.

    Raises:
        Problem: invalid-request, with a pointer for each field.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise from_validation(error.errors(include_url=False, include_input=False)) from None
