"""Metrics monitor: shows a seller how the shop is doing, and needs no shopper for it.

An ordinary app on Amazon's own client library `amzn-sp-api`. What it does, in order:

1. asks for the sales figures of the last days, per day and in total (getOrderMetrics);
2. lists the orders of the same days and adds up their totals (getOrders);
3. says whether the two agree, and whether it met any personal data on the way. It asks for none.

With --watch N it asks for the figures of the last hour N times in a row instead, as an impatient monitor does, until it is told to wait.

Run it with the same variables as label_printer.py. With --json the last line of its output is one JSON object with what it saw.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from spapi import OrdersV0Api, SalesApi, SPAPIClient, SPAPIConfig
from spapi.auth.lwa_exception import LwaException
from spapi.rest import ApiException

logging.disable(logging.INFO)


def client() -> Any:
    """Amazon's client, told where the API and the token endpoint are."""
    config = SPAPIConfig(
        client_id=os.environ["PIEPOWDER_CLIENT_ID"],
        client_secret=os.environ["PIEPOWDER_CLIENT_SECRET"],
        refresh_token=os.environ["PIEPOWDER_REFRESH_TOKEN"],
        region="NA",
    )
    return SPAPIClient(
        config, oauth_endpoint=os.environ["PIEPOWDER_TOKEN_URL"], endpoint=os.environ["PIEPOWDER_API_URL"].rstrip("/")
    ).api_client


class MetricsMonitor:
    def __init__(self) -> None:
        self.api, self.marketplaces = client(), [os.environ["PIEPOWDER_MARKETPLACE_ID"]]
        self.errors: list[str] = []
        self.seen = {"orders_read": 0, "names_seen": 0, "streets_seen": 0, "emails_seen": 0}
        self.orders_total, self.orders_counted = Decimal(0), 0

    def metrics(self, start: str, end: str, granularity: str) -> list[dict[str, Any]]:
        """Figures per interval; empty where they are refused."""
        try:
            answer = SalesApi(self.api).get_order_metrics(
                marketplace_ids=self.marketplaces,
                interval=f"{start}--{end}",
                granularity=granularity,
                granularity_time_zone="UTC",
            )
        except ApiException as error:
            self.errors.append(f"sales figures: {error.status}: {error.body}")
            return []
        except ValueError as error:  # the client refuses answers without a figure that its model demands
            self.errors.append(f"sales figures: {error}")
            return []
        return [
            {
                "interval": part.interval,
                "orders": part.order_count,
                "units": part.unit_count,
                "sales": part.total_sales.amount,
            }
            for part in answer.payload
        ]

    def add_up_orders(self, start: str, last: str) -> None:
        """Reads every order of the interval, page by page."""
        wanted: dict[str, Any] = {"created_after": start, "created_before": last}
        while wanted:
            try:
                page = OrdersV0Api(self.api).get_orders(marketplace_ids=self.marketplaces, **wanted).payload
            except ApiException as error:
                self.errors.append(f"orders: {error.status}: {error.body}")
                return
            for order in page.orders:
                self.count(order)
            wanted = {"next_token": page.next_token} if page.next_token else {}

    def count(self, order: Any) -> None:
        address, buyer = order.shipping_address, order.buyer_info
        self.seen["orders_read"] += 1
        self.seen["names_seen"] += bool((buyer and buyer.buyer_name) or (address and address.name))
        self.seen["streets_seen"] += bool(address and address.address_line1)
        self.seen["emails_seen"] += bool(buyer and buyer.buyer_email)
        if order.order_status != "Canceled":
            self.orders_counted += 1
            self.orders_total += Decimal(order.order_total.amount) if order.order_total else 0

    def watch(self, times: int) -> dict[str, Any]:
        """Asks again and again: how many answers came, and what was said when there were too many questions."""
        end = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=3)
        form = "%Y-%m-%dT%H:%M:%SZ"
        interval = f"{(end - timedelta(hours=1)).strftime(form)}--{end.strftime(form)}"
        sales = SalesApi(self.api)
        for answers in range(times):
            try:
                sales.get_order_metrics(marketplace_ids=self.marketplaces, interval=interval, granularity="Total")
            except ApiException as error:
                said = json.loads(error.body)["errors"][0]
                return {"answers": answers, "status": error.status, "code": said["code"], "said": said["details"]}
        return {"answers": times, "status": 200, "code": None, "said": None}


def main() -> int:
    parser = argparse.ArgumentParser(description="Shows the figures of a shop.")
    parser.add_argument("--days", type=int, default=7, help="how many days to look at")
    parser.add_argument("--watch", type=int, default=0, metavar="N", help="ask N times in a row instead")
    parser.add_argument("--json", action="store_true", help="say what was seen as one JSON object")
    options = parser.parse_args()
    end = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=3)
    start, form = end - timedelta(days=options.days), "%Y-%m-%dT%H:%M:%SZ"
    app, days, total = MetricsMonitor(), [], []
    if options.watch:
        seen = app.watch(options.watch)
        print(
            json.dumps({"app": "metrics_monitor", **seen})
            if options.json
            else f"{seen['answers']} answers; {seen['said']}"
        )
        return 0
    try:
        days = app.metrics(start.strftime(form), end.strftime(form), "Day")
        total = app.metrics(start.strftime(form), end.strftime(form), "Total")
        app.add_up_orders(start.strftime(form), (end - timedelta(seconds=1)).strftime(form))
    except LwaException as error:
        app.errors.append(str(error))
    sales = Decimal(total[0]["sales"]) if total else None
    told = {
        "app": "metrics_monitor",
        **app.seen,
        "days": days,
        "orders_counted": app.orders_counted,
        "orders_total": str(app.orders_total),
        "metrics_orders": total[0]["orders"] if total else None,
        "metrics_total": str(sales) if total else None,
        "agrees": bool(total) and sales == app.orders_total and total[0]["orders"] == app.orders_counted,
        "errors": app.errors,
    }
    if options.json:
        print(json.dumps(told))
        return 0
    for day in days:
        print(f"{day['interval'][:10]}  {day['orders']:>5} orders  {day['sales']:>12}")
    print(
        f"{told['orders_counted']} orders, {told['orders_total']} in all; the figures {'agree' if told['agrees'] else 'do not agree'}."
    )
    for problem in app.errors:
        print(f"  {problem}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
