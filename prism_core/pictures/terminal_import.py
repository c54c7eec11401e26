# SPDX-License-Identifier: Apache-2.0
"""The report of an import in the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from prism_core.graph.importing import KINDS, ImportReport
from prism_core.graph.scene_graph import SceneGraph


def print_import(graph: SceneGraph, report: ImportReport) -> None:
    """Print what was read, guessed and left out, each with how often and the first of them, and
    what came of it.
    """
    console = Console(highlight=False)
    console.print(f'{report.kind}: {KINDS[report.kind].what}', markup=False)
    table = Table('', 'what', 'count', 'such as')
    table.columns[2].justify = 'right'
    section = ''
    for row in report.rows:
        if row.section != section and section:
            table.add_section()
        shown = '' if row.section == section else row.section
        section = row.section
        table.add_row(shown, _plain(row.what), str(row.count), _plain(row.example))
    console.print(table)
    console.print(
        f'{len(graph.regions)} regions, {len(graph.objects)} objects, '
        f'{len(graph.connections)} connections; robot in {graph.robot_location or "?"}',
        markup=False,
    )


def _plain(text: str) -> str:
    """A text that rich shows as it is, markup and control characters and all."""
    return ''.join(char if char.isprintable() else '?' for char in text).replace('[', r'\[')
