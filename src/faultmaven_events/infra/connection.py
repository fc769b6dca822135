"""Connecting to the broker."""

from typing import Final, TypeVar

from aio_pika.connection import Connection, make_url
from aio_pika.robust_connection import RobustConnection

AnyConnection = TypeVar("AnyConnection", bound=Connection)

RECONNECT_S: Final = 1
"""Seconds between two tries of a connection that was lost."""


def named(url: str, name: str) -> str:
    """Return the broker's URL with a name for the connection, which the management pages show."""
    return f"{url}{'&' if '?' in url else '?'}name={name}"


async def connected(url: str, name: str, timeout: float) -> RobustConnection:  # noqa: ASYNC109 # aio-pika's own limit
    """Connect to the broker, reconnecting by itself from then on.

    Raises:
        AMQPError, OSError: there is no broker now; TimeoutError is an OSError.
    """
    # Left half-way it would reconnect for ever.
    return await _opened(RobustConnection(make_url(named(url, name)), reconnect_interval=RECONNECT_S), timeout)


async def once(url: str, name: str, timeout: float) -> Connection:  # noqa: ASYNC109 # aio-pika's own limit
    """Connect to the broker; what is lost stays lost. Raises as `connected` does."""
    return await _opened(Connection(make_url(named(url, name))), timeout)


async def _opened(connection: AnyConnection, seconds: float) -> AnyConnection:
    """Made and opened in two steps: one that fails or is cancelled half-way must be closed."""
    try:
        await connection.connect(timeout=seconds)
    except BaseException:
        await connection.close()
        raise
    return connection
