import os
from pathlib import Path

from faultmaven_events.infra.drafts import OLD_S, sweep


def test_old_drafts_are_deleted_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "clean" / "acme"
    folder.mkdir(parents=True)
    for name, age in {"old#1": OLD_S + 1, "young#1": 1.0, "blob": OLD_S + 1}.items():
        (folder / name).write_bytes(b"x")
        os.utime(folder / name, (1_000_000 - age, 1_000_000 - age))
    assert sweep(tmp_path, 1_000_000) == 1
    assert sorted(path.name for path in folder.iterdir()) == ["blob", "young#1"]
