"""Apps, their versions and manifests, roles, modes and rates."""
