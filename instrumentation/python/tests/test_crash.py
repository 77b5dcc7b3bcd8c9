"""Every row of the crash table: 0 lost, 0 doubled."""

import os

import crash
import pytest


@pytest.mark.skipif(not hasattr(os, "fork"), reason="signals and forks are those of Unix")
@pytest.mark.parametrize("name", crash.ROWS)
def test_nothing_is_lost(name, tmp_path):
    world = crash.World(tmp_path)
    try:
        outcome = crash.ROWS[name](world)
    finally:
        world.close()
    assert outcome.recorded >= crash.FAILURES
    assert (outcome.lost, outcome.doubled, outcome.runs_lost) == (0, 0, 0), outcome
    # What was taken leaves no files behind.
    left = [path for path in (tmp_path / "spool").rglob("*.spool") if path.stat().st_size > 32]
    assert left == []
