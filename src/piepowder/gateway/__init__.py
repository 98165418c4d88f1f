"""The data plane: guard, identify, decide, fetch, project, record, answer. `call.py` tells it from top to bottom. Never imports Django."""
