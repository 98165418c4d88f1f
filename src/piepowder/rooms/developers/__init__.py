"""Developer organisations and their members."""
