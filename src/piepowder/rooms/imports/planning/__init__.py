"""What an import would do, row by row, and why not. Reads only; the same plan is shown before and carried out afterwards."""

from piepowder.rooms.imports.planning.plan import plan
from piepowder.rooms.imports.planning.steps import Plan, Step

__all__ = ["Plan", "Step", "plan"]
