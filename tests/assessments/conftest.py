from tests.support.assessments import *  # noqa: F403
from tests.support.control_plane import *  # noqa: F403
