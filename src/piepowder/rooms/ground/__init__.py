"""What every room stands on: base model, `advance()`, actor and request context, the one translation of errors to HTTP."""
