"""What part 2 must reach. Goals are only ever raised."""

from proof.figures import Goal

#: In the order of measuring; each is a module of this package.
ROWS = ("pages", "weight", "imports")

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
)
