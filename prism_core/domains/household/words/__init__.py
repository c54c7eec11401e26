# SPDX-License-Identifier: Apache-2.0
"""The words of the household: what homes hold, and how errands are put."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any


@cache
def load_words(name: str) -> Any:
    """What a file of this package holds."""
    return json.loads(resources.files(__package__).joinpath(f'{name}.json').read_text('utf-8'))
