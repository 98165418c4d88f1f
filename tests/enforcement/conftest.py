from tests.support.appstore import *  # noqa: F403
from tests.support.control_plane import *  # noqa: F403
