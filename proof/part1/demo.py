"""Row a: `make demo` on a fresh clone with an empty home and no environment, then again with the environment there."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from piepowder.core.kernel import json
from proof.figures import ROOT, Figure, Run
from tests.support.stack import free_port

PORTS = ("GATEWAY", "CONSOLE", "MARKETPLACE", "RELAY")
GIVE_UP_SECONDS = 900


def measure(run: Run) -> list[Figure]:
    """What is committed is what is measured. The fresh run also plays the story to its end."""
    folder = Path(tempfile.mkdtemp(prefix="piepowder-prove-"))
    folder.chmod(0o755)
    try:
        subprocess.run(["git", "clone", "-q", str(ROOT), str(folder / "piepowder")], check=True)
        (folder / "home").mkdir()
        story = folder / "story.json"
        fresh = _make_demo(run, folder, "fresh", f"--once --json {story}")
        warm = _make_demo(run, folder, "warm", "--serve", stop=True)
        steps = json.decode(story.read_bytes())
        run.keep("demo-story.json", story.read_text())
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return [
        Figure("fresh machine to running", fresh, "s"),
        Figure("environment exists, to running", warm, "s"),
        Figure("steps of the story that failed", sum(not step["ok"] for step in steps)),
        Figure("steps of the story", len(steps)),
    ]


def _make_demo(run: Run, folder: Path, name: str, options: str, *, stop: bool = False) -> float:
    """Seconds until it says "running"; then it is stopped, or goes on to its end."""
    words = ["make", "demo", f"ARGS={options} --data {folder / name}"]
    began, running = time.monotonic(), 0.0
    process = subprocess.Popen(
        words,
        cwd=folder / "piepowder",
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(f"{time.monotonic() - began:8.2f} {line}")
        if not running and line.startswith("running"):
            running = time.monotonic() - began
            if stop:
                os.killpg(process.pid, signal.SIGTERM)  # SIGINT is ignored by whatever was started in the background
    process.wait(GIVE_UP_SECONDS)
    run.keep(f"demo-{name}.txt", "".join(said))
    if not running:
        raise AssertionError("".join(said)[-3000:])
    return running


def environment(folder: Path) -> dict[str, str]:
    """A stranger's: an empty home, no caches, nothing of ours; free ports, so that another run beside this one does not matter."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PIEPOWDER_", "VIRTUAL_ENV", "PYTHON", "XDG_", "UV_CACHE", "MAKE", "MFLAGS", "DJANGO_"))
    }
    ports = {f"PIEPOWDER_{name}_PORT": str(free_port()) for name in PORTS}
    path = f"{Path(sys.base_prefix) / 'bin'}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return kept | ports | {"HOME": str(folder / "home"), "PATH": path}
