"""`python -m piepowder.demo.marketplace --orders FILE --port 8402`: the example marketplace as a process of its own."""

import argparse
import os
from pathlib import Path

import uvicorn

from piepowder.demo.marketplace.app import Marketplace
from piepowder.demo.marketplace.mailbox import Mailbox
from piepowder.demo.marketplace.oidc import LOOPBACK, SellerSignIn
from piepowder.demo.orders import OrderBook

#: this marketplace is an example on loopback; a real one has a secret of its own
DEMO_CREDENTIAL = "demo-upstream-credential"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m piepowder.demo.marketplace", description=__doc__)
    parser.add_argument(
        "--orders", type=Path, required=True, help="the imported orders, <data>/marketplace/orders.sqlite"
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8402)
    parser.add_argument(
        "--issuer", default="", help="the address browsers know this process by; default http://<host>:<port>"
    )
    parser.add_argument(
        "--redirect-host", action="append", default=[], help="a host that sign-in may return to, besides loopback"
    )
    parser.add_argument("--mail-port", type=int, default=0, help="where the mailbox takes letters; 0: no mailbox")
    options = parser.parse_args()
    credential = os.environ.get("PIEPOWDER_UPSTREAM_CREDENTIAL", DEMO_CREDENTIAL)
    book = OrderBook(options.orders)
    issuer = options.issuer or f"http://{options.host}:{options.port}"
    secret = os.environ.get("PIEPOWDER_OIDC_CLIENT_SECRET", "")
    sign_in = SellerSignIn(
        book, issuer=issuer, secret=secret, redirect_hosts=LOOPBACK | frozenset(options.redirect_host)
    )
    mailbox = Mailbox() if options.mail_port else None
    if mailbox is not None:
        mailbox.open(options.mail_port)
    marketplace = Marketplace(book, credential=credential, sign_in=sign_in, mailbox=mailbox)
    uvicorn.run(
        marketplace, host=options.host, port=options.port, log_level="warning", access_log=False, lifespan="off"
    )


if __name__ == "__main__":
    main()
