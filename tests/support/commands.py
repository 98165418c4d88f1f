"""Runs command lines as `piepowder` runs them, in this process, and reads what they print."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from piepowder.cli import main
from piepowder.core.kernel import json
from piepowder.core.kernel.config import PREFIX

Run = Callable[..., Any]


@contextmanager
def commands(database_url: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """`run("grant", "list", status=0)`: what the command printed with `--json`, decoded. Puts the environment back afterwards."""
    before = dict(os.environ)
    os.environ["PIEPOWDER_DATABASE_URL"] = database_url

    def run(*words: str, status: int = 0) -> Any:
        capsys.readouterr()
        assert main.run([*words, "--json", "--data", str(folder)]) == status
        return json.decode(capsys.readouterr().out)

    try:
        yield run
    finally:
        os.environ.clear()
        os.environ.update(before)


def forget_settings(monkeypatch: pytest.MonkeyPatch, data: Path) -> None:
    """No setting in the environment but the data folder."""
    for name in list(os.environ):
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIEPOWDER_DATA", str(data))
