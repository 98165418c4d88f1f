from support.control_plane import *  # noqa: F403
