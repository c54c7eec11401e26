# SPDX-License-Identifier: Apache-2.0
"""Pages for a browser that hold all they need: what `prism report` and `prism watch` share.

`web/` has what each such page begins with: a palette, elements, the map.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from pathlib import Path
from string import Template

_SHARED = Path(__file__).parent / 'web'
_SHARED_SCRIPTS = ('elements.js', 'map.js')


def render_web_page(folder: Path, scripts: Iterable[str], data: str, *, policy: str = '') -> str:
    """A page of a template, a style and scripts, which go into it with the data.

    The browser is told to use the style and the scripts by their hashes, and to load nothing else.
    Nothing in the data is taken for a part of the page.

    Args:
        folder: of the page, with `template.html` (`$policy`, `$style`, `$data` and `$script`),
            `style.css` and the scripts.
        scripts: their names, in the order in which they run, behind the shared ones.
        data: JSON.
        policy: what the page may do beyond that, in the words of Content-Security-Policy.
    """
    style = _read(_SHARED / 'base.css', folder / 'style.css')
    own = (folder / name for name in scripts)
    script = _read(*(_SHARED / name for name in _SHARED_SCRIPTS), *own)
    rules = [f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}", policy]
    return Template(_read(folder / 'template.html')).substitute(
        policy='; '.join(filter(None, rules)),
        style=style,
        script=script,
        data=data.replace('<', '\\u003c'),
    )


def _read(*paths: Path) -> str:
    return '\n'.join(path.read_text('utf-8') for path in paths)


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
