# SPDX-License-Identifier: Apache-2.0
"""The commands of `prism` that look at a robot's set-up; they work without ROS, too."""

from __future__ import annotations

from pathlib import Path

import click

from prism_core import ConfigError


@click.command('check-params')
@click.argument('files', nargs=-1, required=True, type=click.Path(path_type=Path))
def check_params(files: tuple[Path, ...]) -> None:
    """Check parameter files of our nodes: names, types, ranges, YAML."""
    from prism_ros.parameter_file import check_parameter_file

    faults = 0
    for path in files:
        try:
            report = check_parameter_file(path)
        except ConfigError as error:
            raise click.ClickException(str(error)) from error
        for finding in report.findings:
            click.echo(report.at(finding))
        faults += len(report.faults)
        counts = ', '.join(f'{count} of {node}' for node, count in report.counts.items() if count)
        others = f'; not looked at: {", ".join(report.others)}' if report.others else ''
        number = len(report.faults)
        verdict = f'{number} fault{"s" * (number > 1)}' if number else 'fine'
        click.echo(f'{path}: {verdict}; parameters: {counts or "none"}{others}')
    if faults:
        raise click.exceptions.Exit(1)


@click.command()
@click.option(
    '--listen', 'listen_s', default=4.0, show_default=True, help='Seconds to listen for nodes.'
)
def doctor(listen_s: float) -> None:
    """Say what a robot has for planning, and what is wrong; `ros2 doctor` says it, too."""
    from prism_ros.doctor import examine

    found = examine(listen_s)
    width = max(len(checked.name) for checked in found)
    for checked in found:
        click.echo(f'{checked.name:{width}}  {checked.text}')
    for checked in found:
        if checked.fault:
            click.echo(f'{"error" if checked.is_error else "warning"}: {checked.fault}')
    if any(checked.fault and checked.is_error for checked in found):
        raise click.exceptions.Exit(1)
