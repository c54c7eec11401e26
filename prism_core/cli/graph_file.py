# SPDX-License-Identifier: Apache-2.0
"""Maps, as commands name them."""

from __future__ import annotations

from pathlib import Path

import click

from prism_core.domain import Domain
from prism_core.graph.importing import import_graph
from prism_core.graph.scene_graph import SceneGraph


def read_graph(path: Path) -> SceneGraph:
    """Read a map of any kind; raises what the command line shows as one sentence."""
    return import_graph(path)[0]


def find_packaged(domain: Domain) -> Path:
    """The first packaged scene graph of a domain.

    Raises:
        ClickException: there is none.
    """
    packaged = sorted(domain.graphs.glob('*.json')) if domain.graphs is not None else []
    if not packaged:
        raise click.ClickException(
            f'the domain {domain.name} has no packaged scene graph; name a file with --graph'
        )
    return packaged[0]
