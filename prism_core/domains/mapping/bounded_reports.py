# SPDX-License-Identifier: Apache-2.0
"""Forms of reports of a mission that must keep out of somewhere: what it says of all that there is
speaks of the regions that it may enter, and it says which ones it left out. Nobody else can count
the ones that it may enter: their number is not said.
"""

from __future__ import annotations

from collections.abc import Mapping

from prism_core.domains.mapping.reports import split_nodes
from prism_core.domains.mapping.several_reports import SeveralForm, join_names
from prism_core.graph.scene_graph import SceneGraph

_ALLOWED = 'any region that I can reach'


def _been_allowed(graph: SceneGraph, classes: str, names: str) -> str:
    found = join_names(split_nodes(names, graph))
    return f'I have been at each {classes} that I may enter: {found}.'


def _left_out(graph: SceneGraph, names: str, why: str) -> str:
    return f'I did not go into {" or ".join(split_nodes(names, graph))}, {why}.'


_AVOIDED, _TOO_FAR = 'as you told me to avoid that', 'as that is too far away'
_OFF_LIMITS = 'as you told me where to stay'

FORMS: Mapping[str, SeveralForm] = {
    'none_allowed': SeveralForm(
        lambda g, c: f'There is no {c} in {_ALLOWED}.', rf'There is no <a words> in {_ALLOWED}\.'
    ),
    'untold_allowed': SeveralForm(
        lambda g, c: f'I found no text about {c} in {_ALLOWED}.',
        rf'I found no text about <a words> in {_ALLOWED}\.',
    ),
    'surveyed_allowed': SeveralForm(
        lambda g: 'I have mapped all regions that I may enter.',
        r'I have mapped all regions that I may enter\.',
    ),
    'been_allowed': SeveralForm(
        _been_allowed, r'I have been at each <a words> that I may enter: <b words>\.', 'b'
    ),
    'avoided': SeveralForm(
        lambda g, names: _left_out(g, names, _AVOIDED),
        rf'I did not go into <a words>, {_AVOIDED}\.',
    ),
    'too_far': SeveralForm(
        lambda g, names: _left_out(g, names, _TOO_FAR),
        rf'I did not go into <a words>, {_TOO_FAR}\.',
    ),
    'off_limits': SeveralForm(
        lambda g, names: _left_out(g, names, _OFF_LIMITS),
        rf'I did not go into <a words>, {_OFF_LIMITS}\.',
    ),
}
