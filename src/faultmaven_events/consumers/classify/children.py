"""The files of an archive as jobs of their own: the events that start them, the same ones however often the archive comes. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import UUID

from faultmaven_events.consumers.classify.archives.label import shortened
from faultmaven_events.infra.captions import Caption, Captions, caption_of, neutral
from faultmaven_events.schemas import manifest
from faultmaven_events.schemas.content import Content
from faultmaven_events.schemas.event import Event, derive
from faultmaven_events.schemas.evidence import Submitted

URGENT: Final = 200
"""Files of one archive that may go before the crowd because a person waits for them: as many as a question may bring along itself."""


def jobs(files: Sequence[Content]) -> tuple[UUID, ...]:
    """Return the jobs of files: a file's raw blob has its job's name."""
    return tuple(UUID(hex=file.key) for file in files)


def born(event: Event[Submitted], text: str, files: Sequence[Content], captions: Captions) -> Iterator[Event[Submitted]]:
    """Yield an event for each file of the archive of `event`, named by the lines of the manifest's text: sealed, as the ingress does it.

    Raises:
        ValueError: the manifest names more or fewer files.
        UnreadableContent: the archive's own name does not open.
    """
    own = caption_of(captions, event.tenantid, event.subject, event.data)
    labels = [line.label for _, line in manifest.read(text) if line.is_child]
    urgent = event.urgent and len(files) <= URGENT
    for job, label, file in zip(jobs(files), labels, files, strict=True):
        caption = Caption(name=shortened(f"{own.name}/{label}"), tags=own.tags)
        sealed = captions.seal(event.tenantid, job, caption)
        yield _child(event, job, neutral(job, label), sealed, file).model_copy(update={"urgent": urgent})


def _child(event: Event[Submitted], job: UUID, name: str, sealed: str, file: Content) -> Event[Any]:
    kept = event.data.model_dump(include={"collection", "session_id", "case_id"})
    submitted = Submitted(name=name, sealed=sealed, content=file, parent=event.subject, **kept)
    began = {"id": derive(job, "ingress/0"), "subject": job, "generation": 0}
    return event.follow("classify", "submitted", submitted).model_copy(update=began)
