"""What a request becomes: a job and its first event. Values only."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from faultmaven_events import topology
from faultmaven_events.infra.captions import Caption, Captions, neutral
from faultmaven_events.producers.http.identity import Caller
from faultmaven_events.producers.http.intake import Upload
from faultmaven_events.schemas.content import Content
from faultmaven_events.schemas.event import Event, Kind, derive
from faultmaven_events.schemas.evidence import Collection, Submitted
from faultmaven_events.schemas.job import Job
from faultmaven_events.schemas.model import Model
from faultmaven_events.schemas.question import Asked

SOURCE = "/faultmaven/ingress"


@dataclass(frozen=True, slots=True)
class Submission:
    """A job, and the event that starts it. `name` is the sender's own, for the answer and nothing else."""

    job: Job
    event: Event[Any]
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What a submission belongs to."""

    session_id: str | None = None
    case_id: str | None = None
    follows: UUID | None = None
    """Of a question: the earlier one that it follows up."""


def file(
    caller: Caller,
    upload: Upload,
    kind: Kind,
    now: datetime,
    *,
    captions: Captions,
    context: Context,
    collection: Collection,
    title: str | None = None,
    tags: tuple[str, ...] = (),
    urgent: bool = False,
) -> Submission:
    """Return the submission of one file: evidence or a document; `urgent` when a question waits for it.

    Name, title and tags are sealed; job and event have a neutral name, until sanitize gives them the sanitized one.
    """
    data = Submitted(
        name=neutral(upload.id, upload.name),
        sealed=captions.seal(caller.tenant, upload.id, Caption(name=upload.name, title=title, tags=tags)),
        content=upload.content,
        media_type=upload.media_type,
        collection=collection,
        session_id=context.session_id,
        case_id=context.case_id,
    )
    event = _event(caller, upload.id, kind, now, data).model_copy(update={"urgent": urgent})
    return Submission(_job(caller, upload.id, kind, now, context, name=data.name), event, upload.name)


def question(
    caller: Caller, id: UUID, content: Content, evidence: tuple[UUID, ...], now: datetime, *, context: Context, deadline_s: float
) -> Submission:
    """Return the submission of a question; its text lies in the blob store, never in the event."""
    about = {"session_id": context.session_id, "case_id": context.case_id, "follows": context.follows}
    data = Asked(content=content, evidence=evidence, **about)
    return Submission(
        _job(caller, id, "troubleshoot", now, context, evidence=evidence),
        _event(caller, id, "troubleshoot", now, data, deadline=now + timedelta(seconds=deadline_s)),
    )


def _job(
    caller: Caller, id: UUID, kind: Kind, now: datetime, context: Context, *, name: str | None = None, evidence: tuple[UUID, ...] = ()
) -> Job:
    return Job(
        id=id,
        tenant=caller.tenant,
        user=caller.user,
        kind=kind,
        name=name,
        status="accepted",
        stage=topology.PATHS[kind][0],
        progress=0,
        created_at=now,
        updated_at=now,
        correlation_id=caller.correlation_id,
        session_id=context.session_id,
        case_id=context.case_id,
        evidence=evidence,
        follows=context.follows if kind == "troubleshoot" else None,
        version=0,
    )


def _event(caller: Caller, job: UUID, kind: Kind, now: datetime, data: Model, *, deadline: datetime | None = None) -> Event[Any]:
    return Event[Any](
        id=derive(job, "ingress/0"),
        source=SOURCE,
        type=f"{kind}.submitted.v1",
        subject=job,
        time=now,
        tenantid=caller.tenant,
        userid=caller.user,
        correlationid=caller.correlation_id,
        deadline=deadline,
        traceparent=caller.traceparent,
        data=data,
    )
