# SPDX-License-Identifier: Apache-2.0
"""The option that names a site's own words."""

from __future__ import annotations

import click

words_option = click.option(
    '--words',
    default='',
    metavar='FILE',
    help="A site's own words (YAML), see docs/words.md and config/words/.",
)
