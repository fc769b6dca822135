"""The retry ladder five hundred times faster than in production."""

import pytest

from faultmaven_events.settings import Settings


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"retry_scale": 0.002})
