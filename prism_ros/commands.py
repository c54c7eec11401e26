# SPDX-License-Identifier: Apache-2.0
"""The commands of `prism` that need ROS, registered as entry points of group `prism.commands`."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click

from prism_core import ActionTable, Plan, PrismError, trace_plan
from prism_core.inference.planning_domain import find_planning_domain
from prism_core.pictures.terminal import print_graph, print_plan, show_progress
from prism_msgs.msg import Plan as PlanMessage
from prism_ros.conversions import plan_from_message
from prism_ros.errors import Refusal
from prism_ros.watch_messages import SOURCES


@click.command()
@click.argument('task')
@click.option('--namespace', default='', help='Namespace of the robot.')
@click.option(
    '--planner',
    default='',
    help="Name of a planner, behind a colon an adapter; the robot's order when left out.",
)
@click.option('--location', default='', help='Region to plan from, when not where the robot is.')
@click.option('--timeout', 'timeout_s', default=30.0, show_default=True, help='Seconds to wait.')
@click.option(
    '--domain',
    default='',
    help='Domain of its actions, or package.module:factory; as the plan says when left out.',
)
def ask(
    task: str, namespace: str, planner: str, location: str, timeout_s: float, domain: str
) -> None:
    """Ask a running planner for a plan."""
    from prism_ros.client import PrismClient

    with errors_shown(), PrismClient(namespace, wait_s=timeout_s) as robot:
        robot.find_planner()
        started_s = time.monotonic()
        response = robot.plan(task, planner=planner, start_location=location, timeout_s=timeout_s)
        latency_s = time.monotonic() - started_s
        _, plan = _read_plan(response.plan, domain)
    _print_plan(response.plan, plan, latency_s)


@click.command()
@click.option(
    '--graph', type=click.Path(path_type=Path), help='Scene graph; a packaged one when left out.'
)
@click.option(
    '--request', 'task', default='where is the forklift?', show_default=True, help='The task.'
)
def demo(graph: Path | None, task: str) -> None:
    """Start the nodes, ask them for a plan over DDS, and draw it."""
    from prism_ros.demo import find_demo_graph, run_demo
    from prism_ros.graph_files import load_scene_graph

    if not task.strip():
        raise click.ClickException("the request is empty; say, for example: 'inspect the truck'")
    path = (graph or find_demo_graph()).resolve()
    with errors_shown():
        load_scene_graph(path)
        response, latency_s, known_graph = run_demo(path, task)
        table, plan = _read_plan(response.plan)
    print_graph(known_graph, trace_plan(plan, known_graph, table))
    _print_plan(response.plan, plan, latency_s)


@click.command('graph')
@click.option('--sizes', default='100,1000,8000', show_default=True, help='Numbers of nodes.')
@click.option('--repeats', default=20, show_default=True, help='How often each step is timed.')
def bench_graph(sizes: str, repeats: int) -> None:
    """Time every step of a graph's way from file to subscriber, and an empty call of /plan."""
    from prism_ros.bench import run_graph_bench

    try:
        numbers = [int(size) for size in sizes.split(',')]
    except ValueError:
        raise click.BadParameter(f"expected numbers such as 100,1000, got '{sizes}'") from None
    run_graph_bench(numbers, repeats)


@click.command('plan')
@click.option(
    '--plans', default=100, show_default=True, type=click.IntRange(min=1), help='So many of each.'
)
def bench_plan(plans: int) -> None:
    """Time the plans of a student through /plan and, in turn, through the library."""
    from prism_ros.bench_plan import run_plan_bench

    with show_progress('plans', 2 * plans) as advance:
        run_plan_bench(plans, advance)


@click.command('soak')
@click.option(
    '--minutes', default=60.0, show_default=True, type=click.FloatRange(min=0.1), help='How long.'
)
@click.option(
    '--out', type=click.Path(path_type=Path), required=True, help='New folder for what it measures.'
)
def bench_soak(minutes: float, out: Path) -> None:
    """Use both nodes for long, kill them now and then, and see whether anything wears out."""
    from prism_ros.bench_soak import run_soak

    if out.exists():
        raise click.ClickException(f'{out} is there already; name a new folder')
    if not run_soak(minutes, out):
        raise click.exceptions.Exit(1)


@click.command('bars')
@click.option(
    '--only',
    'names',
    multiple=True,
    type=click.Choice(['timer', 'cancel', 'deadline', 'take-over', 'cycles', 'respawns']),
    help='Measure this one; can be given again.',
)
@click.option('--brief', is_flag=True, help='Measure little, in half a minute.')
@click.option(
    '--json',
    'out',
    type=click.Path(path_type=Path, dir_okay=False),
    help='Write all figures here, too.',
)
def bench_bars(names: tuple[str, ...], brief: bool, out: Path | None) -> None:
    """Hold the planner node against its bars: a timer beside it, cancels, deadlines, a network that
    is cut, lives and kills. Exit status 1 where one is missed.
    """
    from prism_ros.bars.bar import BRIEF, Sizes
    from prism_ros.bars.run import MEASURES, count_steps, run_bars

    asked, sizes = names or [*MEASURES], BRIEF if brief else Sizes()
    try:
        with show_progress('measured', count_steps(asked, sizes)) as advance:
            is_held = run_bars(asked, sizes, out, advance)
    except RuntimeError as error:
        raise click.ClickException(str(error)) from error
    if not is_held:
        raise click.exceptions.Exit(1)


def _read_plan(made: PlanMessage, domain: str = '') -> tuple[ActionTable, Plan]:
    """The table of the actions of a plan, and what it says."""
    table = find_planning_domain(domain or made.domain, allow_import_paths=bool(domain)).table
    return table, plan_from_message(made, table)


def _print_plan(made: PlanMessage, plan: Plan, latency_s: float) -> None:
    passed_over = (f'passed over {said}' for said in made.passed_over)
    source = SOURCES.get(made.source, made.model_id)
    if source != made.model_id:
        source += f' ({made.model_id})'
    plan = replace(plan, notes=(*plan.notes, *passed_over))
    print_plan(plan, source=source, latency_s=latency_s)


@contextlib.contextmanager
def errors_shown() -> Iterator[None]:
    """Turn a refusal into one line and exit status 1."""
    try:
        yield
    except PrismError as error:
        raise click.ClickException(str(error)) from error
    except Refusal as refusal:
        raise click.ClickException(f'{refusal} [{refusal.name} {refusal.code}]') from refusal
