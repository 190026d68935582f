"""Memory of a tree of processes."""

from pathlib import Path

from bench.desktop import memory


def _process(proc: Path, pid: int, parent: int, kilobytes: int) -> None:
    folder = proc / str(pid)
    folder.mkdir()
    (folder / "stat").write_text(f"{pid} (a (strange) name) S {parent} 1 1")
    (folder / "smaps_rollup").write_text(f"Rss: {kilobytes * 2} kB\nPss: {kilobytes} kB\nPss_Dirty: 1 kB\n")


def test_a_process_is_counted_with_all_that_descend_from_it(tmp_path: Path) -> None:
    for pid, parent, kilobytes in ((10, 1, 5), (11, 10, 7), (12, 11, 9), (20, 1, 100)):
        _process(tmp_path, pid, parent, kilobytes)
    (tmp_path / "meminfo").touch()
    assert memory.of(10, tmp_path) == 21 * 1024
    assert memory.of(20, tmp_path) == 100 * 1024


def test_a_process_that_is_gone_has_none(tmp_path: Path) -> None:
    assert memory.of(99, tmp_path) == 0
