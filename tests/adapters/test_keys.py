"""Keys in files: encrypted, never overwritten, and refused when anything in them was changed."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from barlovento.adapters.keys import SigningKey, new_key, public_key, read_key, write_key
from barlovento.errors import BadInput, Refused

PASSPHRASE = "correct horse battery"
CHEAP = 16
"""A work factor for tests; people's keys get the real one."""


def written(folder: Path, name: str = "ana") -> tuple[SigningKey, Path, Path]:
    signing = new_key(name, seed=bytes(range(32)))
    private, public = write_key(
        signing, folder, PASSPHRASE, salt=bytes(16), nonce=bytes(12), cost=CHEAP
    )
    return signing, private, public


def test_a_key_comes_back_with_its_passphrase_only(tmp_path: Path) -> None:
    signing, private, public = written(tmp_path)
    back = read_key(private, PASSPHRASE)
    assert back.key == signing.key == public_key(public) == public_key(private)
    assert back.sign(b"text") == signing.sign(b"text")
    with pytest.raises(Refused, match="passphrase"):
        read_key(private, PASSPHRASE + "!")


def test_the_secret_is_nowhere_in_the_file_or_in_what_is_printed(tmp_path: Path) -> None:
    signing, private, _ = written(tmp_path)
    seed = bytes(range(32))
    assert seed not in private.read_bytes()
    assert seed.hex() not in private.read_text()
    assert "private" not in repr(signing)
    assert stat.S_IMODE(private.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["key", "kdf", "cipher", "secret"])
def test_a_changed_file_is_refused(tmp_path: Path, name: str) -> None:
    _, private, _ = written(tmp_path)
    other = new_key("ana", seed=bytes(32))
    content = json.loads(private.read_text())
    content[name] = {
        "key": str(other.key),
        "kdf": {**content["kdf"], "salt": "11" * 16},
        "cipher": {**content["cipher"], "nonce": "11" * 12},
        "secret": "A" + content["secret"][1:],
    }[name]
    private.write_text(json.dumps(content))
    with pytest.raises((Refused, BadInput)):
        read_key(private, PASSPHRASE)


@pytest.mark.parametrize("cost", [1 << 30, 0, 3, "many"])
def test_an_absurd_work_factor_is_refused_before_work_is_done(tmp_path: Path, cost: object) -> None:
    _, private, _ = written(tmp_path)
    content = json.loads(private.read_text())
    content["kdf"]["n"] = cost
    private.write_text(json.dumps(content))
    with pytest.raises(BadInput):
        read_key(private, PASSPHRASE)


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    _, private, _ = written(tmp_path)
    before = private.read_bytes()
    with pytest.raises(BadInput, match="never overwritten"):
        written(tmp_path)
    assert private.read_bytes() == before


@pytest.mark.parametrize("weak", ["", "short", "aaaaaaaaaaaaaaa"])
def test_a_weak_passphrase_is_refused_and_nothing_written(tmp_path: Path, weak: str) -> None:
    with pytest.raises(Refused):
        write_key(new_key("ana", seed=bytes(32)), tmp_path, weak, salt=bytes(16), nonce=bytes(12))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "/etc/a"])
def test_a_name_that_notes_can_not_carry_is_refused(name: str) -> None:
    with pytest.raises(BadInput):
        new_key(name, seed=bytes(32))


@pytest.mark.parametrize("text", ["", "{}", "rubbish", '{"schema":"barlovento/key/1"}'])
def test_what_is_no_key_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.key"
    path.write_text(text)
    with pytest.raises(BadInput, match=r"x\.key"):
        read_key(path, PASSPHRASE)
    with pytest.raises(BadInput, match=r"x\.key"):
        public_key(path)
