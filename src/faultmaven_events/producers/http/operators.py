"""Who operates the system: the one place where a role will be asked for."""

from typing import Annotated

from fastapi import Depends, Request

from faultmaven_events.producers.http import identity


async def operator(request: Request) -> str:
    """Return who operates."""
    return identity.caller(request).user


Operating = Annotated[str, Depends(operator)]
