# SPDX-License-Identifier: Apache-2.0
"""`prism mcp`: the robot as tools of the Model Context Protocol."""

from __future__ import annotations

import click


@click.command()
@click.option('--namespace', default='', help='Namespace of the robot.')
@click.option('--approve', 'may_approve', is_flag=True, help='Let who connects approve steps, too.')
def mcp(namespace: str, may_approve: bool) -> None:
    """Serve a running robot to clients of the Model Context Protocol, over stdio."""
    from prism_ros.client import PrismClient
    from prism_ros.mcp_server import serve

    with PrismClient(namespace) as client:
        serve(client, may_approve=may_approve)
