# SPDX-License-Identifier: Apache-2.0
"""What reads and writes episode files, where it is installed."""

from __future__ import annotations

from types import ModuleType

import click

from prism_core.installing import how_to_install


def import_episode_json() -> ModuleType:
    """`prism_core.dataset.episode_json`.

    Raises:
        ClickException: what it needs is not installed.
    """
    try:
        import prism_core.dataset.episode_json as episode_json
    except ImportError as error:
        raise click.ClickException(
            f'episode files need msgspec; {how_to_install("prism_ros[data]")}'
        ) from error
    return episode_json
