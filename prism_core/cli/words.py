# SPDX-License-Identifier: Apache-2.0
"""`prism words`: a site's own words, held against its map."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from prism_core.episode.episode import DEFAULT_DOMAIN


@click.group()
def words() -> None:
    """Hold the words of a site against its map."""


@words.command()
@click.argument('file', required=False, default='', metavar='[FILE]')
@click.option(
    '--graph',
    required=True,
    type=click.Path(path_type=Path),
    help='A map of any kind that `prism import-graph` reads.',
)
@click.option('--domain', default=DEFAULT_DOMAIN, show_default=True, help='Whose words.')
@click.option('--json', 'as_json', is_flag=True, help='Print what was found as JSON.')
def check(file: str, graph: Path, domain: str, as_json: bool) -> None:
    """Say which nodes of a map nobody could call by any word, which words call two things, and
    which of the words in FILE call nothing.

    FILE has a site's own words (YAML), see docs/words.md; without it those of the domain count. The
    exit status is 1 where a node has no word or a word is claimed twice; words that call nothing
    are only told.
    """
    from prism_core.cli.graph_file import read_graph
    from prism_core.domain import find_domain
    from prism_core.pictures.terminal_words import print_words_report

    found = find_domain(domain, words=file)
    known_graph = read_graph(graph)
    report = found.check_words(known_graph)
    if as_json:
        click.echo(json.dumps(asdict(report), indent=2, ensure_ascii=False))
    else:
        print_words_report(report, known_graph)
    if not report.is_fine:
        sys.exit(1)
