# SPDX-License-Identifier: Apache-2.0
"""`prism show`: scene graphs, plans and episodes as pictures."""

from __future__ import annotations

from pathlib import Path

import click

from prism_core.cli.episode_json import import_episode_json
from prism_core.episode.episode import DEFAULT_DOMAIN, Episode
from prism_core.errors import ConfigError
from prism_core.files import read_text


@click.command()
@click.argument('file', type=click.Path(path_type=Path))
@click.option(
    '--plan',
    'plan_file',
    type=click.Path(path_type=Path),
    help="A plan to draw on a scene graph: SPINE's JSON reply.",
)
@click.option('--domain', default=DEFAULT_DOMAIN, show_default=True, help="Of the plan's actions.")
@click.option(
    '--episode', type=click.IntRange(min=0), help='Which episode of the file; 0 is first.'
)
@click.option('--turn', type=click.IntRange(min=0), help='Show the episode up to this turn.')
@click.option(
    '--sheet',
    type=click.IntRange(min=1, max=20),
    help='Draw so many episodes on one sheet, twins once; goes with --out.',
)
@click.option(
    '--out',
    type=click.Path(path_type=Path),
    help='Write the picture here (.png, .svg or .pdf); shown in the terminal when left out.',
)
def show(
    file: Path,
    plan_file: Path | None,
    domain: str,
    episode: int | None,
    turn: int | None,
    sheet: int | None,
    out: Path | None,
) -> None:
    """Draw a scene graph, with a plan on it when one is given; or an episode of a .jsonl file."""
    if file.suffix == '.jsonl':
        if plan_file is not None:
            raise click.ClickException(
                f'--plan goes with a scene graph; {file} holds episodes, which have their own plans'
            )
        if sheet is None:
            _show_episode(file, domain, episode or 0, turn, out)
        elif out is None or turn is not None:
            raise click.ClickException('--sheet goes with --out and without --turn')
        else:
            _draw_sheet(file, domain, episode or 0, sheet, out)
        return
    if episode is not None or turn is not None or sheet is not None:
        raise click.ClickException(
            f'--episode, --turn and --sheet go with an episode file (.jsonl); {file} is taken '
            'for a scene graph'
        )
    from prism_core.cli.graph_file import read_graph
    from prism_core.domain import find_domain
    from prism_core.pictures.terminal import print_graph
    from prism_core.plan.plan import parse_plan
    from prism_core.plan.routes import trace_plan

    graph = read_graph(file)
    table = find_domain(domain).table
    drawn = parse_plan(read_text(plan_file), table) if plan_file else None
    way = trace_plan(drawn, graph, table) if drawn else []
    if out is None:
        print_graph(graph, way)
        return
    from prism_core.pictures.picture import draw_picture

    draw_picture(graph, out, plan=drawn, way=way)
    click.echo(f'wrote {out}')


def _show_episode(file: Path, domain: str, number: int, turn: int | None, out: Path | None) -> None:
    from prism_core.domain import find_domain
    from prism_core.pictures.episode_trail import follow_episode

    find_domain(domain)  # where it is found by its path alone
    (episode,) = _read_episodes(file, number, 1)
    if out is None:
        from prism_core.pictures.terminal_episodes import print_episode

        follow_episode(episode, turn)  # says what is wrong with the turn
        print_episode(episode, turns=turn)
        return
    from prism_core.pictures.episode_picture import draw_episode

    draw_episode(episode, out, turn=turn)
    click.echo(f'wrote {out}')


def _draw_sheet(file: Path, domain: str, first: int, number: int, out: Path) -> None:
    from prism_core.domain import find_domain
    from prism_core.pictures.sheet import draw_sheet

    find_domain(domain)  # where it is found by its path alone
    draw_sheet(_read_episodes(file, first, number, is_once=True), out)
    click.echo(f'wrote {out}')


def _read_episodes(path: Path, first: int, number: int, *, is_once: bool = False) -> list[Episode]:
    """So many episodes of a file, or as many as there are, from one on; of those with one request,
    as twins have, the first, where that is asked for.
    """
    read_episodes = import_episode_json().read_episodes
    count = 0
    found: list[Episode] = []
    try:
        for episode in read_episodes(read_text(path).split('\n')):
            is_known = any(episode.task.request == other.task.request for other in found)
            if count >= first and not (is_once and is_known):
                found.append(episode)
            if len(found) == number:
                return found
            count += 1
    except ConfigError as error:
        raise ConfigError(f'{path}: {error}') from error
    if found:
        return found
    holds = f'{count} episode' if count == 1 else f'{count} episodes'
    raise ConfigError(f'there is no episode {first} in {path}: it holds {holds}, counted from 0')
