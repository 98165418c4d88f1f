"""What part 2 must reach. Goals are only ever raised."""

from proof.figures import Goal

#: In the order of measuring; each is a module of this package.
ROWS = ("pages", "weight", "imports", "browser", "axe", "reasons", "doors", "ledger")

GOALS = (
    Goal(row="pages", name="apps", compare=">=", limit=10_000),
    Goal(row="pages", name="active grants", compare=">=", limit=100_000),
    Goal(row="pages", name="pages walked", compare=">=", limit=100),
    Goal(row="pages", name="p95 over all pages", compare="<=", limit=200, unit="ms"),
    Goal(row="pages", name="p95 of the slowest page", compare="<=", limit=200, unit="ms"),
    Goal(row="pages", name="answers that were not 200", compare="=", limit=0),
    Goal(row="weight", name="script before charts, heaviest page", compare="<=", limit=150, unit="kB"),
    Goal(row="weight", name="pages walked", compare=">=", limit=100),
    Goal(row="imports", name="run", compare="<=", limit=60, unit="s"),
    Goal(row="imports", name="memory above the start", compare="<=", limit=600, unit="MB"),
    Goal(row="imports", name="differences after the run", compare="=", limit=0),
    Goal(row="imports", name="changes of a second run", compare="=", limit=0),
    Goal(row="imports", name="left after the rollback", compare="=", limit=0),
    Goal(row="browser", name="passed", compare=">=", limit=16, unit="tests"),
    Goal(row="browser", name="failed", compare="=", limit=0, unit="tests"),
    Goal(row="browser", name="skipped", compare="=", limit=0, unit="tests"),
    Goal(row="axe", name="kinds of pages looked at", compare=">=", limit=60),
    Goal(row="axe", name="failed", compare="=", limit=0, unit="tests"),
    Goal(row="axe", name="skipped", compare="=", limit=0, unit="tests"),
    Goal(row="reasons", name="clicks: a refused call", compare="<=", limit=2, unit="clicks"),
    Goal(row="reasons", name="clicks: a refused answer", compare="<=", limit=2, unit="clicks"),
    Goal(row="reasons", name="clicks: a refused version", compare="<=", limit=2, unit="clicks"),
    Goal(row="reasons", name="clicks: a withheld field", compare="<=", limit=2, unit="clicks"),
    Goal(row="reasons", name="failed", compare="=", limit=0, unit="tests"),
    Goal(row="doors", name="pages that accept a form", compare=">=", limit=150),
    Goal(row="doors", name="of them at one door only, without a reason", compare="=", limit=0),
    Goal(row="doors", name="operations of the API", compare=">=", limit=230),
    Goal(row="doors", name="operations without a command", compare="=", limit=0),
    Goal(row="doors", name="changing commands without an operation", compare="=", limit=0),
    Goal(row="doors", name="requests to each operation", compare=">=", limit=200),
    Goal(row="doors", name="server errors", compare="=", limit=0),
    Goal(row="doors", name="operations that do not answer as documented", compare="=", limit=0),
    Goal(row="doors", name="failed", compare="=", limit=0, unit="tests"),
    Goal(row="ledger", name="verbs that write", compare=">=", limit=200),
    Goal(row="ledger", name="verbs that write and record nothing", compare="=", limit=0),
    Goal(row="ledger", name="tests in which something changed without a record", compare="=", limit=0),
    Goal(row="ledger", name="failed", compare="=", limit=0, unit="tests"),
)
