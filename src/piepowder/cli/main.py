"""The `piepowder` command. Each room adds `cli/<room>.py` with a cyclopts `app`; here they are only named."""

import os
import sys
from importlib.util import find_spec

from cyclopts import App, CycloptsError

import piepowder
from piepowder.cli.options import print_error
from piepowder.core.kernel.errors import PiepowderError

# In the order of `piepowder --help`. Imported only when asked for, so that a command does not wait for the others.
COMMANDS = {
    "up": "Start database, console and gateway, and keep them running.",
    "demo": "Play the story on an example marketplace with real orders.",
    "doctor": "Check configuration, keys, database, ports, disk, upstream and clocks.",
    "policy": "Check, test and explain policy packs.",
    "ledger": "Read the record of what was disclosed.",
    "catalogue": "Check the catalogue of the guarded API.",
    "app": "Third-party apps.",
    "version": "Versions of apps: manifest, checks, review, roll-out.",
    "store": "The app store: listings, data labels, ratings.",
    "grant": "Sellers' grants.",
    "client": "Programs of apps that ask for tokens, and their secrets.",
    "seller": "Sellers.",
    "developer": "Developer organisations.",
    "assessment": "Assessments of developers: answers, hand-in, review.",
    "audit": "Audits of developers: draw, assess, findings, result.",
    "case": "Cases: findings, notices, decisions, measures, appeals.",
    "identity": "Identities of developer organisations.",
    "evidence": "Documents that organisations handed in.",
    "letter": "Letters to developers, sellers and staff, and their mails.",
    "load": "Import what a marketplace has already: developers, sellers, apps, grants, tokens.",
    "billing": "Plans, subscriptions, commission, statements and settlements.",
    "standing": "What an app or developer may do just now.",
    "account": "Accounts of people.",
    "key": "API keys of developers and sellers.",
    "staff": "The marketplace's own people.",
}

app = App(
    name="piepowder",
    help="Governance for a marketplace's third-party apps: consent, policy gateway, ledger.",
    version=piepowder.__version__,
)
for command, summary in COMMANDS.items():
    if find_spec(f"piepowder.cli.{command}"):
        app.command(f"piepowder.cli.{command}:app", name=command, help=summary)


def main() -> None:
    """Run the command line; exit status 0, or 1 with code, message and hint, or 130 after Ctrl+C."""
    sys.exit(run(sys.argv[1:]))


def run(words: list[str]) -> int:
    """Exit status of that command line. A command returns None, or an exit status of its own."""
    try:
        status = app(words, exit_on_error=False, print_error=False, result_action="return_value")
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        print_error(explained(error), as_json="--json" in words)
        return 1
    return status if isinstance(status, int) else 0


def explained(error: Exception) -> PiepowderError:
    """Any failure as one of ours. Nobody is helped by a trace; who wants it sets PIEPOWDER_DEBUG."""
    if isinstance(error, PiepowderError):
        return error
    if isinstance(error, CycloptsError):
        return PiepowderError("cli_usage", str(error).strip(), hint="`piepowder --help` lists commands and options")
    if os.environ.get("PIEPOWDER_DEBUG", "0") not in ("", "0"):
        raise error
    return PiepowderError(
        "cli_internal",
        f"{type(error).__name__}: {error}",
        hint="this is a fault of Piepowder; PIEPOWDER_DEBUG=1 shows where it happened",
    )


if __name__ == "__main__":
    main()
