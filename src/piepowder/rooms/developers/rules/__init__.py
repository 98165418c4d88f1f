"""What holds of organisations, of their names and of their identity. Pure."""
