# SPDX-License-Identifier: Apache-2.0
"""`prism plan`: one plan for one sentence."""

from __future__ import annotations

from pathlib import Path

import click

from prism_core.cli.adapter_option import adapter_option
from prism_core.cli.words_file import words_option
from prism_core.episode.episode import DEFAULT_DOMAIN
from prism_core.errors import PrismError


@click.command()
@click.option(
    '--graph',
    type=click.Path(path_type=Path),
    help='Scene graph or map, of any kind of docs/maps.md; the packaged one when left out.',
)
@click.option('--request', required=True, help='What the robot should do, in one sentence.')
@click.option(
    '--planner',
    default='symbolic',
    show_default=True,
    help='Name of a planner, or package.module:factory.',
)
@adapter_option
@click.option('--domain', default=DEFAULT_DOMAIN, show_default=True, help='Whose actions.')
@words_option
@click.option('--location', help='Region that the robot is in, when not the one of the file.')
@click.option(
    '--as',
    'form',
    type=click.Choice(['text', 'json', 'bt-xml']),
    default='text',
    show_default=True,
    help="For people, as SPINE's JSON reply, or as a tree of BehaviorTree.CPP 4 with Nav2's goals.",
)
@click.option('--json', 'form', flag_value='json', help='The same as --as json.')
def plan(
    graph: Path | None,
    request: str,
    planner: str,
    adapter: str,
    domain: str,
    words: str,
    location: str | None,
    form: str,
) -> None:
    """Plan once, without ROS."""
    from prism_core.cli.graph_file import find_packaged, read_graph
    from prism_core.domain import find_domain, open_planner_of
    from prism_core.episode.finishing import finish_plan
    from prism_core.pictures.terminal import print_plan
    from prism_core.plan.behaviour_tree import render_behaviour_tree
    from prism_core.plan.plan import render_plan
    from prism_core.plan.validation import validate_plan

    if not request.strip():
        raise click.ClickException("the request is empty; say, for example: 'inspect the truck'")
    found = find_domain(domain, words=words)
    known_graph = read_graph(graph or find_packaged(found))
    if location:
        known_graph = known_graph.at(location)
    if known_graph.robot_location is None and known_graph.regions:
        raise click.ClickException(
            'where the robot is is unknown; say it: --location '
            f'"{next(iter(known_graph.regions))}", or another region'
        )
    chosen = open_planner_of(found, planner, [adapter] if adapter else [])
    try:
        made = finish_plan(chosen.plan(request, known_graph, []), known_graph, [], found.table)
    except PrismError:
        raise
    except Exception as error:  # the code of others: anything may come
        raise click.ClickException(f"planner '{planner}' raised {error!r}") from error
    finally:
        chosen.close()
    report = validate_plan(made, known_graph, found.table)
    if form == 'json':
        click.echo(render_plan(made))
    elif form == 'bt-xml':
        click.echo(render_behaviour_tree(made, found.table, known_graph), nl=False)
    else:
        print_plan(made, source=chosen.name)
    if not report.is_valid:
        raise click.ClickException(f'the plan is not valid: {report.feedback}')
