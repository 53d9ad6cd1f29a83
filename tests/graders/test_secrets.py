"""The course's secret: kept from others, checked when read, never shown."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from graders.secrets import LENGTH, PUBLIC, Secret, make_secret, read_secret

posix = pytest.mark.skipif(os.name != "posix", reason="file modes")


@posix
def test_a_new_secret_is_for_its_owner_only_whatever_the_umask(tmp_path: Path):
    before = os.umask(0)
    try:
        make_secret(tmp_path / "course" / "secret")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "course" / "secret").stat().st_mode) == 0o600


def test_a_secret_is_read_as_it_was_made_and_no_two_are_alike(tmp_path: Path):
    made = [make_secret(tmp_path / name) for name in ("one", "two")]
    assert made == [read_secret(tmp_path / name) for name in ("one", "two")]
    assert made[0].key != made[1].key
    assert not made[0].public


def test_a_secret_is_never_overwritten(tmp_path: Path):
    made = make_secret(tmp_path / "secret")
    with pytest.raises(FileExistsError):
        make_secret(tmp_path / "secret")
    assert read_secret(tmp_path / "secret") == made


@pytest.mark.parametrize("length", [0, LENGTH - 1, LENGTH + 1])
def test_a_file_of_another_length_is_no_secret(tmp_path: Path, length: int):
    path = tmp_path / "secret"
    path.write_bytes(b"s" * length)
    path.chmod(0o600)
    with pytest.raises(ValueError, match=f"it has {length}"):
        read_secret(path)


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_secret_others_can_reach_is_refused_with_the_remedy(tmp_path: Path, mode: int):
    make_secret(tmp_path / "secret")
    (tmp_path / "secret").chmod(mode)
    with pytest.raises(ValueError, match="chmod 600"):
        read_secret(tmp_path / "secret")


def test_a_fingerprint_tells_secrets_apart_and_is_no_seed():
    one, two = Secret(bytes(LENGTH)), Secret(b"\1" * LENGTH)
    assert one.fingerprint != two.fingerprint
    assert int(one.fingerprint, 16) not in {one.seed(), one.seed("fingerprint"), one.seed() >> 32}
    assert one.fingerprint not in one.key.hex()
    assert PUBLIC.fingerprint == "public"


def test_a_seed_needs_the_secret_and_every_label():
    secret = Secret(bytes(LENGTH))
    seeds = {secret.seed(*labels) for labels in (("affine", "main"), ("affine", "edges"), ("affinemain",), ("affine",))}
    assert len(seeds) == 4
    assert secret.seed("affine") == Secret(bytes(LENGTH)).seed("affine")
    assert secret.seed("affine") != PUBLIC.seed("affine")


def test_a_secret_does_not_print_its_key():
    assert repr(Secret(b"k" * LENGTH)) == "Secret(public=False)"
