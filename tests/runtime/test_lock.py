"""One engine on a database."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scheduler.errors import AftercareError, ConflictError
from scheduler.runtime.lock import only_engine

HOLD = """
import sys
from pathlib import Path
from scheduler.runtime.lock import only_engine
with only_engine(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_engine_is_refused_with_the_folder_and_what_to_do(tmp_path: Path) -> None:
    with only_engine(tmp_path / "a.db"), pytest.raises(ConflictError) as refused, only_engine(tmp_path / "a.db"):
        pytest.fail("two engines work on one folder")
    assert str(refused.value) == (
        f"another Aftercare engine already works on {tmp_path / 'a.db'}: stop it first, or let it do the sending"
    )
    with only_engine(tmp_path / "a.db"):
        pass


def test_folders_do_not_lock_each_other_and_a_missing_one_is_made_for_its_owner_only(tmp_path: Path) -> None:
    with only_engine(tmp_path / "one" / "a.db"), only_engine(tmp_path / "two" / "a.db"):
        assert (tmp_path / "one").stat().st_mode & 0o777 == 0o700


def test_an_engine_in_another_process_holds_it_and_its_crash_frees_it(tmp_path: Path) -> None:
    words = [sys.executable, "-c", HOLD, str(tmp_path / "a.db")]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(ConflictError), only_engine(tmp_path / "a.db"):
            pytest.fail("two engines work on one folder")
        other.kill()
    with only_engine(tmp_path / "a.db"):
        pass


def test_a_data_folder_that_is_a_file_is_one_line_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("")
    with pytest.raises(AftercareError, match="can't make the lock"), only_engine(tmp_path / "var" / "a.db"):
        pytest.fail("a file is no folder")
