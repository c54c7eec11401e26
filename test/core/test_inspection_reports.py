# SPDX-License-Identifier: Apache-2.0
"""Reports as inspectors and cameras word them, which no bank drew: what the robot makes of them."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

from prism_core import Connection, Node, SceneGraph
from prism_core.domains.mapping import make_symbolic_planner
from prism_core.domains.mapping.simulator import MappingSimulator
from prism_core.episode.criterion import Criterion
from prism_core.episode.episode import Episode, Task
from prism_core.episode.planner import run_episode

from .mapping_worlds import WORDS

CASES = json.loads(Path(__file__).with_name('inspection_reports.json').read_text('utf-8'))
REGIONS = (Node('dock_1', 'region', (0.0, 0.0)), Node('yard_2', 'region', (20.0, 0.0)))
PLANNER = make_symbolic_planner()


def answer_to(case: dict[str, str]) -> str:
    """What the symbolic planner says when the robot reports so."""
    name = case['thing']
    ways = [
        Connection('traversable', 'dock_1', 'yard_2'),
        Connection('observed_from', name, 'yard_2'),
    ]
    true, known = (
        SceneGraph(
            [*REGIONS, Node(name, 'object', (21.0, 2.0), said)], ways, robot_location='dock_1'
        )
        for said in (case['report'], '')
    )
    task = Episode(0, Task(case['request']), Criterion('any'), true, known)
    played = run_episode(PLANNER, MappingSimulator(true, known, WORDS.lexicon), task)
    return str(played.turns[-1].plan.actions[-1].arguments[0])


def verdict(case: dict[str, str]) -> str:
    """Right, quoted without a yes or a no, or wrong; `unknown` is what the report leaves open."""
    said, want = answer_to(case), case['want']
    decided = re.match(r'(?:yes|no)\b', said.lower())
    is_quoted = case['report'][:30] in said
    if decided is None and is_quoted:
        return 'quoted' if want in ('yes', 'no') else 'right'
    if want in ('yes', 'no'):
        return 'right' if decided is not None and decided[0] == want else 'wrong'
    return 'right' if want in said.lower() else 'wrong'


def test_reports_in_anybodys_words_are_read_right_or_quoted():
    verdicts = {(case['thing'], case['request']): verdict(case) for case in CASES}
    counts = Counter(verdicts.values())
    wrong = [case for case, said in verdicts.items() if said == 'wrong']
    assert wrong == [('light_9', 'How many lamps of light_9 are lit?')]  # it counts lamps
    assert counts['right'] >= 64
