"""The primitives agree with published vectors."""

import pytest

from piepowder.core.kernel import crypto
from piepowder.core.kernel.errors import PiepowderError


def test_sha256_of_abc() -> None:
    """FIPS 180-2, appendix B.1."""
    assert crypto.sha256(b"abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_keyed_hash_is_hmac_cut_to_16_bytes() -> None:
    """RFC 4231, test case 2, its first 16 bytes."""
    assert crypto.keyed_hash(b"Jefe", b"what do ya want for nothing?").hex() == "5bdcc146bf60754e6a042426089575c7"


def test_derive_is_hkdf() -> None:
    """RFC 5869, test case 1, its first 32 bytes."""
    derived = crypto.derive(bytes([0x0B] * 22), bytes(range(0xF0, 0xFA)), bytes(range(0x0D)))
    assert derived.hex() == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"


def test_seal_is_aes_256_gcm() -> None:
    """The GCM specification's test case 16 opens, and not with another byte beside it."""
    key = bytes.fromhex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308")
    nonce = bytes.fromhex("cafebabefacedbaddecaf888")
    plaintext = bytes.fromhex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    )
    beside = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    sealed = crypto.seal(key, nonce, plaintext, beside)
    assert sealed[-16:].hex() == "76fc6ece0f4e1768cddf8853bb2d551b"
    assert crypto.open_sealed(key, nonce, sealed, beside) == plaintext
    with pytest.raises(PiepowderError) as caught:
        crypto.open_sealed(key, nonce, sealed, beside + b"\0")
    assert caught.value.code == "kernel_seal_broken"
