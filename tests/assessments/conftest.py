from typing import Any

import pytest

from tests.support.assessments import *  # noqa: F403
from tests.support.control_plane import *  # noqa: F403


@pytest.fixture(autouse=True)
def _one_reviewer(settings: Any) -> None:
    """One reviewer concludes alone in these tests; those of the second person turn that off again."""
    settings.PIEPOWDER = settings.PIEPOWDER.model_copy(update={"assessment_four_eyes": False})
