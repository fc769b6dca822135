"""Connecting to the broker."""

from typing import Final

from aio_pika.connection import make_url
from aio_pika.robust_connection import RobustConnection

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
    # Made and opened in two steps: a connection that fails or is cancelled half-way must be closed, or it reconnects for ever.
    connection = RobustConnection(make_url(named(url, name)), reconnect_interval=RECONNECT_S)
    try:
        await connection.connect(timeout=timeout)
    except BaseException:
        await connection.close()
        raise
    return connection
