# SPDX-License-Identifier: Apache-2.0
"""The option that names an adapter of the student."""

from __future__ import annotations

import click

adapter_option = click.option(
    '--adapter',
    'adapter',
    default='',
    metavar='FILE',
    help='Adapter of the student, whose file is then its base; see docs/student.md.',
)
