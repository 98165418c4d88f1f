"""The verbs of imports: files are checked, an import is started, carried out, dropped, rolled back; its modes are approved."""

from piepowder.rooms.imports.actions.checking import check, drop, forget_files, start
from piepowder.rooms.imports.actions.modes import approve_modes
from piepowder.rooms.imports.actions.running import carry_out, run_due
from piepowder.rooms.imports.actions.undoing import roll_back

__all__ = ["approve_modes", "carry_out", "check", "drop", "forget_files", "roll_back", "run_due", "start"]
