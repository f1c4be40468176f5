"""Result files appear whole or not at all, and nothing of others is touched."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from barlovento.adapters.output_folder import OutputFolder, undisturbed
from barlovento.errors import BadInput

FILES = {"a.txt": b"one", "sub/b.bin": b"\x00\x01", "result.json": b"{}"}


def publish(path: Path, files: dict[str, bytes] = FILES) -> tuple[str, ...]:
    with OutputFolder(path, FILES) as folder:
        return folder.publish(files, last="result.json")


def everything(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def test_a_new_folder_holds_exactly_the_files(tmp_path: Path) -> None:
    assert publish(tmp_path / "deep" / "er" / "out") == ()
    assert everything(tmp_path / "deep" / "er" / "out") == FILES
    assert [path.name for path in (tmp_path / "deep" / "er").iterdir()] == ["out"]


def test_a_new_folder_can_be_read_by_whom_the_umask_allows(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        publish(tmp_path / "out")
    finally:
        os.umask(before)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "out" / "a.txt").stat().st_mode & 0o777 == 0o640


def test_in_a_folder_that_exists_only_ours_is_replaced(tmp_path: Path) -> None:
    publish(tmp_path)
    (tmp_path / "mine.txt").write_text("keep")
    (tmp_path / "sub" / "mine.txt").write_text("keep")
    replaced = publish(tmp_path, {**FILES, "a.txt": b"two"})
    assert set(replaced) == set(FILES)
    assert everything(tmp_path) == {
        **FILES,
        "a.txt": b"two",
        "mine.txt": b"keep",
        "sub/mine.txt": b"keep",
    }


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    assert publish(tmp_path) == ()
    assert everything(tmp_path) == FILES


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_error_leaves_no_trace(tmp_path: Path, error: type[BaseException]) -> None:
    target = tmp_path / "deep" / "out"
    with pytest.raises(error), OutputFolder(target, FILES) as folder:  # noqa: PT012
        (folder.part / "a.txt").write_bytes(b"half")
        raise error
    assert list(tmp_path.iterdir()) == []


def test_an_error_leaves_a_folder_as_it_was(tmp_path: Path) -> None:
    publish(tmp_path)
    with pytest.raises(KeyboardInterrupt), OutputFolder(tmp_path, FILES):
        raise KeyboardInterrupt
    assert everything(tmp_path) == FILES


def test_a_failure_within_the_swap_brings_the_old_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path)
    real, calls = Path.replace, []

    def failing(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) == 5:
            raise OSError(28, "No space left on device")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(BadInput, match="No space left on device"):
        publish(tmp_path, dict.fromkeys(FILES, b"new"))
    assert everything(tmp_path) == FILES


def test_the_file_that_vouches_leaves_first_and_comes_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path)
    real, moves = Path.replace, []

    def noting(self: Path, target: Path) -> Path:
        moves.append((self.parent == tmp_path or self.parent.name == "sub", target.name))
        return real(self, target)

    monkeypatch.setattr(Path, "replace", noting)
    publish(tmp_path)
    assert moves[0][1] == "result.json"
    assert moves[-1][1] == "result.json"


def test_a_file_in_the_way_is_told_before_anything_is_computed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="is a file"), OutputFolder(tmp_path / "file", FILES):
        pytest.fail("entered")
    with pytest.raises(BadInput, match="Can't write"), OutputFolder(tmp_path / "file" / "x", FILES):
        pytest.fail("entered")
    (tmp_path / "result.json").mkdir()
    with pytest.raises(BadInput, match="is a folder"), OutputFolder(tmp_path, FILES):
        pytest.fail("entered")
    (tmp_path / "result.json").rmdir()
    (tmp_path / "sub").write_text("")
    with pytest.raises(BadInput, match="is a file where a folder"), OutputFolder(tmp_path, FILES):
        pytest.fail("entered")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a place nobody may write to")
def test_a_place_nobody_may_write_to(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--out"), OutputFolder(Path("/proc/nothing"), FILES):
        pytest.fail("entered")


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() == 0, reason="root may write anywhere")
def test_a_folder_without_rights(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    try:
        for path in (tmp_path, tmp_path / "out"):
            with pytest.raises(BadInput, match="Permission denied"), OutputFolder(path, FILES):
                pytest.fail("entered")
    finally:
        tmp_path.chmod(0o755)


def test_a_folder_that_somebody_made_meanwhile_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with OutputFolder(target, FILES) as folder:
        target.mkdir()
        (target / "theirs").write_bytes(b"x")
        folder.publish(FILES, last="result.json")
    assert everything(target) == {**FILES, "theirs": b"x"}


@pytest.fixture
def heeding() -> Iterator[None]:
    """Heed Ctrl-C, which a shell lets its background jobs ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeding")
def test_ctrl_c_waits_for_the_swap() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012
        with undisturbed():
            signal.raise_signal(signal.SIGINT)
            done.append(True)
        pytest.fail("the signal was lost")
    assert done == [True]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
