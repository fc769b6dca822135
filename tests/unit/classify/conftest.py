from base64 import b64encode
from collections.abc import AsyncIterator

import pytest
from classify_room import Room

from faultmaven_events.consumers.classify.consumer import open_stage
from faultmaven_events.infra.blobs import open_blobs
from faultmaven_events.settings import Settings


@pytest.fixture(scope="session")
async def room(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    home = tmp_path_factory.mktemp("classify")
    key = b64encode(bytes(range(32))).decode()
    settings = Settings(home=home, raw_key=key, clean_key=key[::-1].replace("=", "") + "=", text_limit=3_000_000)
    async with open_blobs(settings) as blobs, open_stage(settings) as handle:
        yield Room(handle, blobs, home)
