# SPDX-License-Identifier: Apache-2.0
"""By which command what is missing comes to this Python."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

# Modules that the extras of setup.py bring, and in which extra each comes.
_EXTRAS = {
    **dict.fromkeys(('llama_cpp', 'llguidance', 'jinja2'), 'robot'),
    **dict.fromkeys(('torch', 'transformers', 'gguf', 'peft', 'safetensors'), 'train'),
    **dict.fromkeys(('msgspec', 'numpy', 'matplotlib', 'scipy', 'PIL'), 'data'),
    **dict.fromkeys(('datasketch', 'openai', 'tenacity', 'tokenizers'), 'data'),
    'mcap': 'bag',
    'mcp': 'mcp',
    'ray': 'ray',
}


def explain_missing(error: ImportError) -> str:
    """Say what to install where a module of an extra is missing; '' where it is of none."""
    module = (error.name or '').partition('.')[0]
    if module not in _EXTRAS:
        return ''
    return f'this needs {module}; {how_to_install(f"prism_ros[{_EXTRAS[module]}]")}'


def how_to_install(requirement: str) -> str:
    """Say by which command a requirement comes to this Python, to be put after `x needs y; `.

    The system's Python may be closed to pip (PEP 668): then into a virtual environment that sees
    what is there, and of this package from where it lies, for no index has it.
    """
    is_own = sys.prefix != sys.base_prefix
    if is_own or not Path(sysconfig.get_path('stdlib'), 'EXTERNALLY-MANAGED').exists():
        return f"run: pip install '{requirement}'"
    source = Path(__file__).resolve().parents[1]
    if (source / 'setup.py').exists():
        requirement = requirement.replace('prism_ros', str(source))
    return (
        'run: python3 -m venv --system-site-packages ~/prism-venv && '
        f"~/prism-venv/bin/pip install '{requirement}' && . ~/prism-venv/bin/activate "
        '(this Python is closed to pip, PEP 668)'
    )
