"""The mapping domain, SPINE's: a robot that finds and inspects things in a partly known outdoor or
indoor map.
"""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

from prism_core.domains.mapping.actions import MAPPING_ACTIONS
from prism_core.matching import Vocabulary
from prism_core.symbolic import SymbolicPlanner

__all__ = ['GRAPHS', 'MAPPING_ACTIONS', 'load_vocabulary', 'make_symbolic_planner']

GRAPHS = Path(__file__).parent / 'graphs'
"""Folder of the packaged scene graphs."""


def load_vocabulary() -> Vocabulary:
    """The packaged English vocabulary of the domain."""
    text = resources.files(__package__).joinpath('vocabulary.json').read_text('utf-8')
    return Vocabulary.from_lists(json.loads(text))


def make_symbolic_planner() -> SymbolicPlanner:
    """A SymbolicPlanner with the packaged vocabulary; entry point `symbolic` of group
    `prism.planners`.
    """
    return SymbolicPlanner(load_vocabulary())
