"""The laboratory of hostile files notices what it looks for; the files themselves are tried by bench/faults.py."""

import pickle

from faultlab.hostile import Laboratory, Outcome, Program


def judged(tmp_path, outcome, runs=False):
    laboratory = object.__new__(Laboratory)
    laboratory.marker = tmp_path / "marker"

    def attempt(arguments):
        if runs:
            pickle.loads(pickle.dumps(Program(laboratory.marker)))
        return outcome

    laboratory.attempt = attempt
    return laboratory.row("trial", iter([("one", ["predict"])]))


def test_an_orderly_end_survives(tmp_path):
    for code, output in ((0, "boot 99 %"), (2, "error: not an image\nhint: save it as PNG")):
        row = judged(tmp_path, Outcome(code, output, 1.0, 20.0))
        assert (row.trials, row.survived) == (1, 1)
        assert "memory at most 20 MB more, 1.0 s" in row.evidence


def test_everything_else_is_noticed(tmp_path, capsys):
    for outcome in (
        Outcome(1, "error: KeyError: 'a'", 1.0, 20.0),
        Outcome(2, "usage", 1.0, 20.0),
        Outcome(-11, "", 1.0, 20.0),
        Outcome(None, "hung, or died", 60.0, 0.0),
        Outcome(0, "Traceback (most recent call last)", 1.0, 20.0),
        Outcome(2, "error: slow", 11.0, 20.0),
        Outcome(2, "error: large", 1.0, 201.0),
    ):
        assert judged(tmp_path, outcome).survived == 0
    row = judged(tmp_path, Outcome(2, "error: fine", 1.0, 20.0), runs=True)
    assert row.survived == 0
    assert "code executed 1" in row.evidence
    assert "one: " in capsys.readouterr().err
