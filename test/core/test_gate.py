# SPDX-License-Identifier: Apache-2.0
"""The gate: whatever changes, the bundled student solves as many pairs of twins as it did."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from prism_core.config_file import read_config
from prism_core.evaluation.evaluate import CONTROLS, evaluate
from prism_core.evaluation.suite import SuiteConfig
from prism_core.files import hash_file

pytest.importorskip('llama_cpp')

from prism_core.inference.student import find_bundled

from .prism_runs import ROOT

GATE = ROOT / 'config' / 'evaluate' / 'gate.yaml'
MAY_FALL = 0.02


@pytest.mark.timeout(1200)
def test_the_bundled_student_solves_as_many_pairs_of_twins_as_when_it_was_made(tmp_path):
    student = Path(find_bundled())
    was = json.loads(GATE.with_suffix('.json').read_text('utf-8'))
    (tmp_path / CONTROLS).write_text('{}')  # test_controls_of_suites plays them
    scores = evaluate(str(student), read_config(GATE, SuiteConfig), tmp_path, resume=True)
    pairs = sum(estimate.tasks for estimate in scores.pairs.values())
    solved = sum(round(estimate.value * estimate.tasks) for estimate in scores.pairs.values())
    now = {
        'suite_sha256': scores.suite_sha256,
        'student_sha256': hash_file(student),
        'pairs': pairs,
        'solved': solved,
    }
    for name in ('suite_sha256', 'student_sha256'):
        assert now[name] == was[name], f'if the change is meant, write this to gate.json: {now}'
    assert pairs >= 300
    assert solved / pairs >= was['solved'] / pairs - MAY_FALL
