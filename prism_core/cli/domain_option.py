# SPDX-License-Identifier: Apache-2.0
"""The option that makes a domain known by its path to a command that reads episodes or models."""

from __future__ import annotations

import click

from prism_core.domain import find_domain


def _find(context: click.Context, parameter: click.Parameter, name: str | None) -> None:
    if name is not None:
        find_domain(name)


named_domain = click.option(
    '--domain',
    expose_value=False,
    callback=_find,
    help='That of the files, where it is not installed: package.module:factory.',
)
