# SPDX-License-Identifier: Apache-2.0
"""A file of a map before anybody knows what it is."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

from prism_core.errors import ConfigError, SceneGraphError
from prism_core.files import read_bytes, read_text
from prism_core.json_text import DoubledKey, load_json


class MapText:
    """The text of a file, what JSON or YAML makes of it, and the files that it names.

    `folder` is where it lies; None for a text that may name no files.
    """

    def __init__(self, text: str, folder: Path | None = None):
        self.text = text
        self._folder = folder

    @cached_property
    def _loaded(self) -> tuple[Any, str]:
        try:
            return load_json(self.text), ''
        except DoubledKey as error:
            return None, str(error)
        except RecursionError:
            return None, 'not valid JSON: nested too deeply'
        except ValueError as error:
            return None, f'not valid JSON: {error}'

    @property
    def json(self) -> Any:
        """What JSON makes of the text.

        Raises:
            SceneGraphError: it is not JSON.
        """
        data, fault = self._loaded
        if fault:
            raise SceneGraphError(fault)
        return data

    @property
    def fault(self) -> str:
        """Why it is not JSON; '' where it is."""
        return self._loaded[1]

    def lacks(self, *keys: str) -> str | None:
        """Why the text is no JSON object with these keys; None where it is."""
        if self.fault:
            return self.fault
        data = self.json
        if not isinstance(data, dict):
            return f'expected a JSON object, got a {type(data).__name__}'
        missing = [key for key in keys if key not in data]
        return f'there is no "{missing[0]}" in it' if missing else None

    @cached_property
    def _loaded_yaml(self) -> tuple[Any, str]:
        from prism_core.yaml_text import load_yaml  # no plan needs it

        try:
            return load_yaml(self.text), ''
        except ConfigError as error:
            return None, str(error)

    @property
    def yaml_fault(self) -> str:
        """Why it is not YAML; '' where it is."""
        return self._loaded_yaml[1]

    @property
    def data(self) -> Any:
        """What JSON makes of the text, else YAML, which is slow; None where it is neither."""
        return self._loaded_yaml[0] if self.fault else self._loaded[0]

    def beside(self, name: str) -> MapText:
        """The file that the text names, from its own folder on.

        Raises:
            SceneGraphError: the text may name no files.
            ConfigError: the file cannot be read.
        """
        path = self._path_of(name)
        return MapText(read_text(path), path.parent)

    def bytes_beside(self, name: str) -> bytes:
        """What the file holds that the text names; as `beside`."""
        return read_bytes(self._path_of(name))

    def _path_of(self, name: str) -> Path:
        if self._folder is None:
            raise SceneGraphError(
                f"the file names another one, '{name}', which is not followed here; import it "
                'first: prism import-graph'
            )
        return self._folder / Path(name).expanduser()
