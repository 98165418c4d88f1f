"""The key ring: made once, opened by the right key only, closed to others."""

import base64
import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.kernel.keys import HEADER_BYTES, ROOT_KEY_VARIABLE, KeyRing


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def code_of_opening(folder: Path) -> str:
    with pytest.raises(PiepowderError) as caught:
        KeyRing.open(folder)
    return caught.value.code


def test_keys_last_and_differ_by_purpose(folder: Path) -> None:
    """A second opening derives the same keys; each purpose has one of its own, 32 bytes long."""
    ring, again = KeyRing.open(folder), KeyRing.open(folder)
    assert ring.derive("ledger") == again.derive("ledger")
    assert len({ring.derive(purpose) for purpose in ("ledger", "marks", "paging")}) == 3
    assert len(ring.derive("ledger")) == 32


def test_only_we_can_read_them(folder: Path) -> None:
    """Folder and files are closed to others from the start."""
    KeyRing.open(folder)
    modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in (folder, *folder.iterdir())}
    assert modes == {"keys": 0o700, "root.key": 0o600, "ring.json": 0o600}


@pytest.mark.parametrize(("name", "mode"), [("root.key", 0o640), ("ring.json", 0o604), ("", 0o750)])
def test_a_loose_mode_is_refused(folder: Path, name: str, mode: int) -> None:
    """A file or folder that others may read keeps the ring shut, and the hint is the command that mends it."""
    KeyRing.open(folder)
    (folder / name).chmod(mode)
    with pytest.raises(PiepowderError) as caught:
        KeyRing.open(folder)
    assert caught.value.code == "kernel_key_mode_loose"
    assert caught.value.hint.startswith("chmod ")


def test_a_wrong_key_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another root key, in file or environment, is refused by its id before anything is decrypted."""
    KeyRing.open(folder)
    other = base64.b64encode(bytes(32)).decode()
    monkeypatch.setenv(ROOT_KEY_VARIABLE, other)
    assert code_of_opening(folder) == "kernel_root_key_wrong"
    monkeypatch.delenv(ROOT_KEY_VARIABLE)
    (folder / "root.key").write_text(other)
    assert code_of_opening(folder) == "kernel_root_key_wrong"


def test_a_lost_or_odd_key_is_named(folder: Path) -> None:
    """A missing root key beside a ring is never replaced by a new one; a file that is no key is named as such."""
    KeyRing.open(folder)
    (folder / "root.key").write_text("abc")
    assert code_of_opening(folder) == "kernel_root_key_malformed"
    (folder / "root.key").unlink()
    assert code_of_opening(folder) == "kernel_root_key_missing"
    assert not (folder / "root.key").exists()


@pytest.mark.parametrize("damage", [b"{", b'{"version":1,"root":"x","keys":[]}', b"\xff"])
def test_a_damaged_ring_is_refused(folder: Path, damage: bytes) -> None:
    """A ring that cannot be read, or not be proven whole, does not open."""
    KeyRing.open(folder)
    (folder / "ring.json").write_bytes(damage)
    assert code_of_opening(folder) in ("kernel_key_ring_damaged", "kernel_root_key_wrong")


def test_a_ring_whose_keys_were_swapped_is_refused(folder: Path) -> None:
    """A sealed key is bound to its use: a seal key posing as the derive key does not open."""
    KeyRing.open(folder)
    path = folder / "ring.json"
    path.write_text(path.read_text().replace('"use":"derive"', '"use":"seal"'))
    assert code_of_opening(folder) == "kernel_key_ring_damaged"


def test_the_environment_can_hold_the_root_key(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the root key in the environment no key file is written."""
    monkeypatch.setenv(ROOT_KEY_VARIABLE, base64.b64encode(os.urandom(32)).decode())
    first = KeyRing.open(folder).derive("ledger")
    assert not (folder / "root.key").exists()
    assert KeyRing.open(folder).derive("ledger") == first


def test_a_death_between_root_key_and_ring_is_mended(folder: Path) -> None:
    """A root key without a ring (and a half-written file beside it) becomes a ring at the next opening."""
    KeyRing.open(folder)
    (folder / "ring.json").unlink()
    (folder / "ring.json.new").write_bytes(b"{")
    root = (folder / "root.key").read_bytes()
    KeyRing.open(folder)
    assert (folder / "root.key").read_bytes() == root


def test_sealed_is_opened_in_its_place_only(folder: Path) -> None:
    """What was sealed opens for the same purpose and place, in another process's ring too, and nowhere else."""
    ring = KeyRing.open(folder)
    sealed = ring.seal("relay", b"made-up@example.com", b"relay_alias/address/7")
    assert KeyRing.open(folder).open_sealed("relay", sealed, b"relay_alias/address/7") == b"made-up@example.com"
    for purpose, place in (("relay", b"relay_alias/address/8"), ("other", b"relay_alias/address/7")):
        with pytest.raises(PiepowderError) as caught:
            ring.open_sealed(purpose, sealed, place)
        assert caught.value.code == "kernel_seal_broken"


def test_every_changed_byte_is_noticed(folder: Path) -> None:
    """No byte of a sealed value can be changed or cut off without notice."""
    ring = KeyRing.open(folder)
    sealed = ring.seal("relay", b"x", b"")
    changed = [sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :] for at in range(len(sealed))]
    for broken in (*changed, sealed[:-1], b"", sealed[:HEADER_BYTES]):
        with pytest.raises(PiepowderError) as caught:
            ring.open_sealed("relay", broken, b"")
        assert caught.value.code in ("kernel_seal_broken", "kernel_key_unknown")


def test_no_key_counts_twice(folder: Path) -> None:
    """Sealing the same thing again, in another ring, or after a fork never repeats writer and number."""
    ring = KeyRing.open(folder)
    heads = [ring.seal("relay", b"x", b"")[:HEADER_BYTES] for _ in range(100)]
    heads.append(KeyRing.open(folder).seal("relay", b"x", b"")[:HEADER_BYTES])
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, ring.seal("relay", b"x", b"")[:HEADER_BYTES])
        os._exit(0)
    os.waitpid(child, 0)
    heads.append(os.read(reader, HEADER_BYTES))
    assert len(set(heads)) == 102
    assert len({head[9:25] for head in heads}) == 3


def derive_there(folder: Path) -> bytes:
    return KeyRing.open(folder).derive("ledger")


def test_processes_that_start_at_once_share_one_ring(folder: Path) -> None:
    """Four processes that find no ring make one between them."""
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert len(set(pool.map(derive_there, [folder] * 4))) == 1
