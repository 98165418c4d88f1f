"""The data folder: who may pass, who holds it, and what is said where it cannot be used."""

import errno
import os
import shutil
import stat
import tempfile
from pathlib import Path

import pytest

from piepowder.core.kernel import folder
from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.kernel.processes import Account

STRANGER = Account(name="stranger", uid=64_999, gid=64_999)


def test_a_closed_folder_above_is_named_and_left_alone(tmp_path: Path) -> None:
    """Where the server's user may not pass, the error names that folder and `--data`, and nothing is changed."""
    data = tmp_path / "closed" / "data"
    data.mkdir(parents=True)
    data.parent.chmod(0o700)
    data.chmod(0o700)
    with pytest.raises(PiepowderError) as caught:
        folder.open_to(data, STRANGER)
    assert caught.value.code == "kernel_data_folder_unreachable"
    assert "--data" in caught.value.hint
    assert stat.S_IMODE(data.stat().st_mode) == 0o700


def test_the_data_folder_itself_is_opened_for_passing_only() -> None:
    """The data folder lets the server's user pass, and shows nobody what is in it."""
    # Not below pytest's own folder, which is closed to others.
    data = Path(tempfile.mkdtemp(prefix="piepowder-folder-"))
    folder.open_to(data, STRANGER)
    assert stat.S_IMODE(data.stat().st_mode) == 0o711
    data.rmdir()


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    """The lock is held by one, names its holder, and is free after release."""
    first, second = folder.FolderLock(tmp_path), folder.FolderLock(tmp_path)
    first.take()
    with pytest.raises(PiepowderError) as caught:
        second.take()
    assert caught.value.fields["process"] == str(os.getpid())
    first.release()
    second.take()
    assert second.held
    second.release()


def test_no_room_is_said_as_such(tmp_path: Path) -> None:
    """A full disk and too little room are one clear error, whatever system call met it."""
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    for error in (full, shutil.Error([("from", "to", str(full))])):
        assert folder.explained(error, tmp_path).code == "kernel_no_disk_space"
    with pytest.raises(PiepowderError) as caught:
        folder.require_space(tmp_path, 1 << 40)
    assert caught.value.code == "kernel_no_disk_space"


def test_a_file_in_the_folders_place_is_said_as_such(tmp_path: Path) -> None:
    """A data folder that cannot be made is a clear error that names `--data`."""
    (tmp_path / "file").write_text("")
    with pytest.raises(PiepowderError) as caught:
        folder.prepare(tmp_path / "file")
    assert caught.value.code == "kernel_data_folder_closed"
    assert "--data" in caught.value.hint
