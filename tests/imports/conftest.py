from tests.support.control_plane import *  # noqa: F403
