# SPDX-License-Identifier: Apache-2.0
"""Settings of language models: those that are shipped, and those that are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from prism_core import ConfigError
from prism_core.config_file import read_config
from prism_core.inference.endpoint.teacher_config import OPENAI_URL, TeacherConfig

from .teacher_server import CANARY

CONFIGS = sorted((Path(__file__).parents[2] / 'config' / 'teacher').glob('*.yaml'))


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_each_shipped_config_can_be_read(path):
    config = read_config(path, TeacherConfig)
    assert config.url == (OPENAI_URL if path.stem == 'openai' else config.base_url)
    assert bool(config.key_variable) == (path.stem == 'openai')
    assert (config.has_prices, config.max_cost_usd) == (False, 0)


def test_four_configs_are_shipped():
    assert [path.stem for path in CONFIGS] == ['llama_cpp', 'ollama', 'openai', 'vllm']


@pytest.mark.parametrize(
    ('settings', 'sentence'),
    [
        ({'model': ' '}, 'model: expected the name of a model'),
        ({'temperature': 2.5}, 'temperature: expected 0 to 2, got 2.5'),
        ({'timeout_s': float('nan')}, 'timeout_s: expected 0.01 to 86400, got nan'),
        ({'max_in_flight': 0}, 'max_in_flight: expected 1 to 4096, got 0'),
        ({'max_tries': 0}, 'max_tries'),
        ({'usd_per_million_cached_tokens': -1.0}, 'usd_per_million_cached_tokens'),
        ({'max_cost_usd': 5.0}, 'max_cost_usd: expected prices beside it'),
        ({'reply_form': 'xml'}, 'reply_form: expected one of auto, schema, json, text'),
        ({'base_url': 'localhost:8000'}, 'base_url: expected an address such as'),
        ({'base_url': 'http://[::1/v1'}, 'base_url: expected an address such as'),
        ({'base_url': 'http://me:secret@host/v1'}, 'expected no password and no query'),
    ],
)
def test_a_setting_out_of_its_range_is_refused_with_its_name(settings, sentence):
    with pytest.raises(ConfigError, match=sentence):
        TeacherConfig(**{'model': 'm', **settings})


def test_a_key_in_place_of_the_name_of_its_variable_is_not_repeated():
    with pytest.raises(ConfigError, match='expected the name of an environment variable') as error:
        TeacherConfig('m', key_variable=CANARY)
    assert CANARY not in str(error.value)
