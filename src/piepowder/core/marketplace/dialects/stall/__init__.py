"""A small marketplace that shares no habit with Amazon's: it keeps such habits out of the gateway."""
