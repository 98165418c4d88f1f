"""`python -m piepowder.demo.marketplace --orders FILE --port 8402`: the example marketplace as a process of its own."""

import argparse
import os
from pathlib import Path

import uvicorn

from piepowder.demo.marketplace.app import Marketplace
from piepowder.demo.orders import OrderBook

DEMO_CREDENTIAL = (
    "demo-upstream-credential"  # the marketplace is an example on loopback; a real one has a secret of its own
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m piepowder.demo.marketplace", description=__doc__)
    parser.add_argument(
        "--orders", type=Path, required=True, help="the imported orders, <data>/marketplace/orders.sqlite"
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8402)
    options = parser.parse_args()
    credential = os.environ.get("PIEPOWDER_UPSTREAM_CREDENTIAL", DEMO_CREDENTIAL)
    marketplace = Marketplace(OrderBook(options.orders), credential=credential)
    uvicorn.run(
        marketplace, host=options.host, port=options.port, log_level="warning", access_log=False, lifespan="off"
    )


if __name__ == "__main__":
    main()
