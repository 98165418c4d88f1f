"""`python -m tests.support.changes`: does one change per line of its input through the rooms' own actions, and says when it was committed.

A program of its own, kept running, so that a test of the gateway can take something away at a known moment. A line is
{"verb": ..., ...}; the answer {"began": s, "committed": s}, monotonic seconds, comparable with those of other processes.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from tests.support.stack import ROOT


class Changes:
    """The other end of that program."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def do(self, verb: str, **fields: str) -> float:
        """When the commit had returned."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"verb": verb} | fields).encode() + b"\n")
        line = await self._process.stdout.readline()
        if not line:
            raise AssertionError(f"`{verb}` failed; see the error output")
        committed: float = json.loads(line)["committed"]
        return committed


@asynccontextmanager
async def changes(environment: Mapping[str, str]) -> AsyncIterator[Changes]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.changes", env=environment, cwd=ROOT, stdin=pipe, stdout=pipe
    )
    made = Changes(process)
    try:
        await made.do("hello")  # the connection to the database is there from now on
        yield made
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "piepowder.web.settings")
    import django

    django.setup()
    for line in sys.stdin:
        asked = json.loads(line)
        began = time.monotonic()
        perform(asked.pop("verb"), asked, datetime.now(UTC))
        sys.stdout.write(json.dumps({"began": began, "committed": time.monotonic()}) + "\n")
        sys.stdout.flush()


def perform(verb: str, asked: dict[str, Any], at: datetime) -> None:
    from django.db import transaction

    from piepowder.core.policy.pack import read_pack
    from piepowder.rooms.consent import actions as consent
    from piepowder.rooms.consent.models import Client, Grant
    from piepowder.rooms.ground.actor import SYSTEM
    from piepowder.rooms.publication.actions import publish_policy
    from piepowder.rooms.standing.actions import set_standing
    from piepowder.rooms.standing.rules import Standing

    with transaction.atomic():
        if verb == "revoke_grant":
            consent.revoke(Grant.objects.get(pk=asked["grant"]), by=SYSTEM, at=at)
        elif verb == "set_standing":
            set_standing(asked["subject"], Standing(asked["standing"]), by=SYSTEM, at=at, reason="test")
        elif verb == "revoke_token":
            consent.revoke_token(asked["token"], client=Client.objects.get(client_id=asked["client"]), at=at)
        elif verb == "publish_policy":
            pack = read_pack(asked["pack"])
            publish_policy(pack.files, pack.version, by=SYSTEM, at=at)
        elif verb == "hello":
            Grant.objects.count()
        else:
            raise ValueError(verb)


if __name__ == "__main__":
    main()
