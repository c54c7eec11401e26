# SPDX-License-Identifier: Apache-2.0
"""YAML that people wrote: read so that nothing of it is lost in silence.

The standard readers keep the last of two equal keys and say nothing; here that is an error with
both places.
"""

from __future__ import annotations

from typing import Any

import yaml

from prism_core.errors import ConfigError


def load_yaml(text: str) -> Any:
    """What YAML makes of a text.

    Raises:
        ConfigError: it is not YAML, or holds a key twice, of which other readers keep the last.
    """
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise ConfigError(f'it is not YAML: {" ".join(str(error).split())}') from error
    except RecursionError:
        raise ConfigError('it is not YAML of settings: nested too deeply') from None


class _Loader(yaml.SafeLoader):
    """The safe reader, but a key that comes twice is an error."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Read a mapping, before another one is merged into it."""
        node = super().compose_mapping_node(anchor)
        seen: dict[str, yaml.Mark] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if (first := seen.get(key.value)) is not None:
                raise ConfigError(
                    f'expected each setting once, got {key.value!r} twice, at {_place(first)} and '
                    f'{_place(key.start_mark)}; keep one of them'
                )
            seen[key.value] = key.start_mark
        return node


def _place(mark: yaml.Mark) -> str:
    return f'line {mark.line + 1} column {mark.column + 1}'
