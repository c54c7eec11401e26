"""Which module may import which: the direction of the README's picture, held file by file."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import prism_core

ROOT = Path(__file__).parents[2]

# Each module of prism_core and what of prism_core it may import when it is itself imported.
_RULES = """
actions:
errors:
json_text:
criterion: errors
planner_health: errors
graph_elements: errors
intent: graph_elements
calling: graph_elements intent
update_text: errors graph_elements json_text
observation: graph_elements update_text
steps: actions errors
plan: actions errors json_text steps
ways: graph_elements
places: graph_elements
scene_graph: errors graph_elements places ways
episode: criterion graph_elements intent observation plan scene_graph
grammar:
mission_state: actions episode scene_graph
graph_part: calling episode graph_elements mission_state scene_graph
conversation: actions episode errors grammar graph_elements graph_part mission_state observation
    plan scene_graph
dialects.plain_text: grammar
lexicon: calling graph_elements intent
dialects.own_classes: calling graph_elements intent lexicon scene_graph
dialects.compact_topic: calling dialects.own_classes dialects.plain_text intent lexicon scene_graph
dialects.compact_standing: dialects.compact_topic intent lexicon mission_state scene_graph
dialects.handles: errors graph_elements intent scene_graph
validation: actions graph_elements plan scene_graph steps
dialects.compact_report_grammar: dialects.compact_standing dialects.compact_topic dialects.handles
    dialects.plain_text grammar lexicon mission_state scene_graph validation
reports: calling intent scene_graph
dialects.compact_grammar: actions dialects.compact_report_grammar dialects.compact_standing
    dialects.compact_topic dialects.handles dialects.plain_text grammar intent lexicon
    mission_state reports scene_graph
dialects.compact_graph: dialects.handles errors graph_elements lexicon mission_state scene_graph
reasons: actions plan reports scene_graph
dialects.compact_steps: actions dialects.handles errors lexicon mission_state plan reasons reports
    scene_graph
mission: actions calling episode intent lexicon mission_state observation reports scene_graph
    validation
dialects.compact: actions conversation dialects.compact_grammar dialects.compact_graph
    dialects.compact_steps dialects.compact_topic dialects.handles episode errors grammar graph_part
    lexicon mission mission_state observation plan scene_graph
dialects.spine_grammar: actions dialects.plain_text grammar intent scene_graph validation
spine_json: errors graph_elements json_text scene_graph
dialects.spine: actions conversation dialects.spine_grammar episode errors grammar graph_elements
    mission_state observation plan scene_graph spine_json steps
inference.text_model: conversation grammar
inference.call_stats: conversation
planner: actions episode errors mission_state observation plan scene_graph steps validation
suspicion: actions calling episode graph_elements plan reports scene_graph steps
domain: actions conversation criterion episode errors inference.text_model lexicon planner
    scene_graph suspicion
routes: actions plan scene_graph
strategy: actions calling episode intent lexicon mission mission_state plan reasons scene_graph
symbolic: episode errors intent lexicon mission_state plan planner reasons scene_graph strategy
prism_core: actions conversation criterion dialects.compact dialects.spine domain episode errors
    graph_elements inference.call_stats inference.text_model intent lexicon mission_state
    observation plan planner planner_health routes scene_graph spine_json steps suspicion symbolic
    update_text validation
files: errors
cli: errors files
terminal: errors plan scene_graph steps
gguf_info: actions errors files
inference.benchmark_machine:
inference.engine_child: errors grammar inference.text_model
inference.memory: errors
inference.engine_process: errors inference.engine_child inference.memory
inference.engine: conversation errors grammar inference.engine_child inference.engine_process
    inference.memory inference.text_model planner_health
inference.chat_template: conversation errors
inference.grammar: errors grammar inference.text_model
inference.local_engine: inference.chat_template inference.grammar
inference.local_model: conversation errors grammar inference.call_stats inference.grammar
    inference.local_engine inference.text_model
inference.llama_cpp: errors gguf_info inference.chat_template inference.grammar
    inference.local_model
inference.lm_planner: actions conversation episode errors grammar graph_part
    inference.call_stats inference.text_model mission_state plan planner planner_health reasons
    scene_graph validation
inference.model_file: errors files gguf_info
inference.student: domain episode errors gguf_info inference.engine inference.lm_planner
    inference.model_file inference.text_model plan scene_graph suspicion
inference.benchmark: conversation episode errors gguf_info inference.benchmark_machine
    inference.call_stats inference.engine inference.llama_cpp inference.lm_planner
    inference.local_model inference.student
inference.benchmark_runtime: conversation errors gguf_info inference.benchmark_machine
    inference.call_stats inference.llama_cpp inference.local_model inference.student
inference.benchmark_grammar: conversation errors grammar inference.benchmark_runtime
    inference.grammar inference.llama_cpp inference.local_model
terminal_bench: inference.benchmark inference.benchmark_grammar inference.benchmark_runtime
cli_bench: conversation files terminal terminal_bench
config_file: errors files
dataset.run_folder: errors files
dataset.runner: errors
dataset.filter: episode
dataset.masking: lexicon
dataset.conversations: conversation domain episode errors
dataset.tokenizer: conversation errors
dataset.shards: conversation dataset.conversations dataset.tokenizer domain episode errors
testing: actions conversation criterion episode errors grammar inference.text_model mission_state
    observation plan planner scene_graph
dataset.protocol_check: actions domain episode errors graph_elements plan planner scene_graph
    testing
inference.teacher_config: errors
inference.lm_factory: config_file domain errors inference.lm_planner inference.teacher_config
    inference.text_model
dataset.teaching: actions domain episode errors inference.lm_factory
    inference.lm_planner inference.teacher_config inference.text_model plan planner scene_graph
    validation
dataset.duplicates:
dataset.split: episode
episode_json: episode errors graph_elements json_text scene_graph spine_json
dataset.worlds: dataset.duplicates dataset.filter dataset.masking dataset.run_folder
    dataset.runner dataset.shards dataset.split domain episode episode_json
dataset.work: dataset.filter dataset.masking dataset.shards dataset.teaching dataset.worlds domain
    episode episode_json errors
evaluation.candidates: domain episode errors files gguf_info
    inference.call_stats inference.lm_planner inference.student planner
evaluation.reference_rule: episode steps
evaluation.trial: dataset.teaching dataset.work domain episode episode_json evaluation.candidates
    inference.call_stats inference.lm_planner plan planner scene_graph
evaluation.results: actions calling episode evaluation.reference_rule evaluation.trial
    inference.call_stats observation reports
evaluation.scores: evaluation.results
evaluation.controls: domain episode errors evaluation.candidates evaluation.results
    evaluation.scores evaluation.trial gguf_info
evaluation.costs: evaluation.results
evaluation.variants: criterion episode intent lexicon scene_graph
evaluation.invariance: dataset.teaching domain episode errors evaluation.candidates
    evaluation.variants intent lexicon plan scene_graph validation
evaluation.reference_suite: criterion episode errors graph_elements json_text mission_state
    scene_graph spine_json
evaluation.file_suite: domain episode episode_json errors evaluation.reference_suite
    evaluation.trial files
evaluation.suite: config_file dataset.split domain episode errors evaluation.file_suite
    evaluation.variants
evaluation.evaluate: config_file dataset.run_folder dataset.runner dataset.work domain episode
    episode_json evaluation.candidates evaluation.controls evaluation.costs evaluation.invariance
    evaluation.results evaluation.scores evaluation.suite evaluation.trial files
evaluation.comparison: errors evaluation.evaluate evaluation.results evaluation.scores
cli_compare: evaluation.comparison
cli_data:
dataset:
dataset.export: dataset.conversations dataset.filter dataset.shards dataset.split domain episode
    episode_json errors
dataset.shard_writers: conversation dataset.conversations dataset.run_folder dataset.shards
    dataset.split dataset.tokenizer domain episode episode_json
dataset.produce: config_file dataset.protocol_check dataset.run_folder dataset.runner
    dataset.shard_writers dataset.split dataset.teaching dataset.tokenizer dataset.work
    dataset.worlds domain episode episode_json errors planner
distill.config: errors
distill.schedule: distill.config errors
distill.callbacks: distill.schedule files
distill.folders:
distill.copying_heads:
distill.models: distill.config distill.copying_heads errors
distill.chat_tokens: conversation errors
distill.documents: dataset.shards dataset.tokenizer errors
distill.sources: conversation dataset.conversations dataset.filter dataset.run_folder
    dataset.shard_writers dataset.split dataset.tokenizer distill.chat_tokens distill.config
    distill.documents domain episode_json errors files json_text
distill.run_record: config_file dataset.run_folder distill.callbacks distill.config
    distill.folders distill.sources errors files
distill.merge: dataset.run_folder distill.folders distill.models distill.run_record errors files
distill.following: distill.config distill.documents distill.schedule errors
distill.settings: distill.config distill.models errors
distill.batches: distill.documents distill.schedule
distill.loss: dataset.tokenizer
distill.trainer: distill.batches distill.documents distill.folders distill.loss distill.schedule
    errors
distill.train: config_file dataset.tokenizer distill.callbacks distill.config distill.documents
    distill.following distill.models distill.run_record distill.schedule distill.settings
    distill.sources distill.trainer errors files
inference.transformers_model: errors inference.chat_template inference.grammar
    inference.local_model
evaluation.closed_loop: dataset.split domain episode episode_json errors evaluation.evaluate
    evaluation.trial inference.local_model inference.student inference.transformers_model
pipeline.ledger: errors files
pipeline.ranks: config_file distill.config errors files
pipeline.recipe: config_file dataset.produce dataset.teaching distill.config domain errors
    evaluation.candidates evaluation.suite
pipeline.learning: config_file dataset dataset.export dataset.produce dataset.shard_writers
    dataset.shards dataset.tokenizer distill.callbacks distill.config distill.merge
    distill.run_record distill.sources distill.train domain errors evaluation.closed_loop
    pipeline.ledger pipeline.ranks pipeline.recipe
cli_distill: pipeline.learning
cli_evaluate:
cli_export:
dataset.importing_updates: errors graph_elements observation spine_json
dataset.importing_missions: actions conversation dataset.importing_updates dialects.spine episode
    errors graph_elements observation plan scene_graph spine_json
dataset.importing_records: conversation graph_elements json_text
domains.mapping.actions: actions
domains.mapping.words: lexicon
domains.mapping.controls: actions domains.mapping.words episode intent mission_state plan
    scene_graph symbolic
domains.mapping.simulator: actions domains.mapping.actions graph_elements lexicon mission_state
    observation scene_graph
domains.mapping.hiding: domains.mapping.simulator graph_elements mission_state scene_graph
domains.mapping.intents: domains.mapping.words errors intent scene_graph
domains.mapping.answer_text: criterion domains.mapping.words scene_graph
domains.mapping.judge: criterion domains.mapping.answer_text domains.mapping.words episode
    graph_elements mission_state scene_graph
domains.mapping.oracle: actions criterion domains.mapping.judge domains.mapping.simulator episode
    errors lexicon mission_state plan scene_graph
domains.mapping.requests: domains.mapping.words intent
domains.mapping.solution: calling criterion domains.mapping.simulator errors intent lexicon
    mission_state reports scene_graph
domains.mapping.teacher: domains.mapping.words episode errors symbolic
domains.mapping.world: domains.mapping.words errors graph_elements scene_graph
domains.mapping.twins: criterion domains.mapping.solution domains.mapping.words
    domains.mapping.world episode errors graph_elements intent mission_state scene_graph
domains.mapping.generator: criterion domains.mapping.hiding domains.mapping.intents
    domains.mapping.judge domains.mapping.oracle domains.mapping.requests
    domains.mapping.simulator domains.mapping.solution domains.mapping.teacher
    domains.mapping.twins domains.mapping.words domains.mapping.world episode errors intent
    planner scene_graph
domains.mapping.free_wording: domains.mapping.generator domains.mapping.words
    domains.mapping.world episode errors intent
domains.mapping.prompt: actions conversation criterion domains.mapping.simulator
    domains.mapping.teacher domains.mapping.words episode graph_elements intent planner
    scene_graph
domains.mapping.reading.cues:
domains.mapping.reading.tokens:
domains.mapping.reading.nouns: calling domains.mapping.reading.cues domains.mapping.reading.tokens
    graph_elements intent lexicon scene_graph
domains.mapping.reading.tagging: domains.mapping.reading.cues domains.mapping.reading.nouns
    domains.mapping.reading.tokens intent lexicon scene_graph
domains.mapping.reading.clauses: domains.mapping.reading.cues domains.mapping.reading.nouns
    domains.mapping.reading.tagging intent
domains.mapping.reading.guessing: domains.mapping.reading.cues domains.mapping.reading.nouns
    domains.mapping.reading.tagging domains.mapping.reading.tokens intent lexicon scene_graph
domains.mapping.reading.exclusions: calling domains.mapping.reading.cues
    domains.mapping.reading.tokens intent lexicon scene_graph
domains.mapping.reading: calling domains.mapping.reading.clauses domains.mapping.reading.cues
    domains.mapping.reading.exclusions domains.mapping.reading.guessing
    domains.mapping.reading.nouns domains.mapping.reading.tagging domains.mapping.words intent
    scene_graph
domains.mapping.worlds: domains.mapping.intents domains.mapping.words domains.mapping.world
    episode errors intent
domains.mapping.writing.schema: domains.mapping.intents errors inference.text_model intent lexicon
domains.mapping.writing.meaning: domains.mapping.intents domains.mapping.writing.schema errors
    graph_elements intent lexicon scene_graph
domains.mapping.writing.prompts: conversation domains.mapping.words domains.mapping.world
    domains.mapping.writing.schema intent lexicon scene_graph
domains.mapping.writing.entailment: conversation domains.mapping.reading
    domains.mapping.reading.cues domains.mapping.reading.tokens domains.mapping.words
    domains.mapping.writing.meaning domains.mapping.writing.prompts domains.mapping.writing.schema
    errors inference.text_model intent scene_graph
domains.mapping.writing.paraphrase: domains.mapping.words domains.mapping.writing.entailment
    domains.mapping.writing.prompts domains.mapping.writing.schema episode errors
    inference.text_model
domains.mapping.writing.place: domains.mapping.words domains.mapping.world
    domains.mapping.writing.meaning domains.mapping.writing.schema errors graph_elements intent
    lexicon scene_graph
domains.mapping.writing.writer: conversation domains.mapping.generator domains.mapping.hiding
    domains.mapping.intents domains.mapping.words domains.mapping.world
    domains.mapping.writing.entailment domains.mapping.writing.meaning
    domains.mapping.writing.place domains.mapping.writing.prompts domains.mapping.writing.schema
    episode errors graph_elements inference.text_model intent scene_graph
domains.mapping.vocabulary: domains.mapping.reading.cues domains.mapping.reading.tokens
    domains.mapping.words lexicon reports suspicion
domains.mapping.domain: conversation criterion dialects.compact dialects.spine
    domains.mapping.actions domains.mapping.controls domains.mapping.free_wording
    domains.mapping.generator domains.mapping.judge domains.mapping.prompt domains.mapping.reading
    domains.mapping.simulator domains.mapping.teacher domains.mapping.vocabulary
    domains.mapping.words domains.mapping.world
    domains.mapping.worlds domains.mapping.writing.paraphrase domains.mapping.writing.writer
    episode errors inference.text_model lexicon planner scene_graph suspicion
dataset.importing: actions criterion dataset.importing_missions dataset.importing_records
    domains.mapping.domain domains.mapping.reading domains.mapping.solution domains.mapping.words
    episode errors intent mission_state observation plan routes scene_graph validation
cli_import: dataset.importing domains.mapping.domain episode_json files
iteration.correcting: conversation dataset.teaching episode scene_graph
iteration.choosing: config_file dataset.split domain episode evaluation.results
iteration.gathering: dataset.export dataset.filter dataset.run_folder dataset.runner
    dataset.shard_writers dataset.shards dataset.teaching dataset.tokenizer dataset.work
    distill.sources domain episode episode_json evaluation.candidates evaluation.trial files
    iteration.choosing iteration.correcting planner
picture: errors graph_elements plan scene_graph steps
iteration.report: dataset.export dataset.run_folder dataset.shard_writers dataset.shards
    evaluation.results evaluation.scores files iteration.correcting iteration.gathering picture
cli_iterate: cli_distill iteration.report
domains.mapping.play: domains.mapping.judge domains.mapping.simulator domains.mapping.teacher
    domains.mapping.words episode errors plan planner scene_graph
domains.mapping.measure: conversation domains.mapping.controls domains.mapping.domain
    domains.mapping.free_wording domains.mapping.generator domains.mapping.play
    domains.mapping.reading domains.mapping.teacher domains.mapping.words domains.mapping.world
    episode planner strategy symbolic
cli_measure: domains.mapping.controls domains.mapping.domain domains.mapping.generator
    domains.mapping.measure domains.mapping.words domains.mapping.world evaluation.invariance
dataset.statistics: dataset.filter dataset.masking dataset.split episode errors intent reports
    scene_graph
dataset.summary: dataset.split dataset.statistics
dataset.plots: dataset.statistics dataset.summary picture
dataset.card: dataset.plots dataset.split dataset.statistics dataset.summary files
episode_lines: episode episode_json errors
dataset.report: dataset.card dataset.masking dataset.plots dataset.run_folder dataset.shards
    dataset.split dataset.statistics domain episode_json episode_lines errors files
inference.spending: errors inference.teacher_config
inference.reply_cache: errors inference.spending
inference.endpoint_errors: errors inference.teacher_config
inference.endpoint: conversation inference.endpoint_errors inference.teacher_config
inference.gate: errors
inference.request_shape: inference.endpoint_errors inference.teacher_config inference.text_model
inference.teacher_api: conversation errors grammar inference.endpoint inference.endpoint_errors
    inference.gate inference.reply_cache inference.request_shape inference.spending
    inference.teacher_config inference.text_model planner_health
episode_trail: actions criterion episode errors graph_elements mission_state observation
    scene_graph steps
terminal_episodes: episode episode_trail observation scene_graph steps
terminal_data: dataset.filter dataset.split dataset.statistics dataset.summary episode
    episode_lines episode_trail errors terminal terminal_episodes
cli_produce: config_file dataset dataset.produce dataset.report dataset.run_folder dataset.runner
    dataset.teaching domain inference.reply_cache inference.spending inference.teacher_api
    inference.teacher_config terminal_data
cli_report:
dataset.importing_requests: actions conversation dataset.importing dataset.importing_missions
    dialects.spine errors mission_state scene_graph
domains.mapping: domains.mapping.actions domains.mapping.reading domains.mapping.words symbolic
inference.bounded_http:
inference.serve: actions conversation errors inference.bounded_http json_text plan planner
    validation
cli_serve: conversation dataset.importing_records dataset.importing_requests domains.mapping
    errors inference.serve planner
cli_train: distill.callbacks distill.config errors
evaluation.trend: dataset.shard_writers dataset.shards errors evaluation.comparison
    evaluation.evaluate evaluation.scores files picture
cli_trend: evaluation.trend
dialects:
distill:
distill.gguf_tokenizer: errors
distill.llama_cpp_model: conversation errors gguf_info
distill.probes: conversation dataset.conversations domain
distill.check_export: distill.gguf_tokenizer distill.llama_cpp_model distill.probes errors
distill.gguf_weights: distill.gguf_tokenizer errors
distill.publish: errors files gguf_info
distill.export_gguf: distill.check_export distill.gguf_tokenizer distill.gguf_weights
    distill.probes distill.publish domain errors gguf_info
distill.model_card: errors files gguf_info
distill.quantize: distill.check_export distill.llama_cpp_model distill.probes distill.publish
    domain errors gguf_info
distill.random_model: distill.llama_cpp_model distill.publish errors gguf_info
domains:
domains.mapping.benchmark: actions conversation domains.mapping.domain domains.mapping.world
    episode grammar graph_elements plan scene_graph
domains.mapping.hasty: domains.mapping.controls domains.mapping.reading domains.mapping.words
    episode plan planner scene_graph symbolic
domains.mapping.writing:
episode_picture: episode episode_trail graph_elements picture scene_graph
evaluation:
evaluation.report_episode: config_file criterion episode episode_trail evaluation.results
    evaluation.scores evaluation.trial graph_elements scene_graph
evaluation.report: config_file dataset.run_folder episode_json errors evaluation.evaluate
    evaluation.report_episode evaluation.results evaluation.scores files
inference:
iteration:
iteration.losses: dataset.export dataset.run_folder dataset.shard_writers dataset.shards
    distill.batches distill.loss distill.models episode_json iteration.choosing
iteration.playing: config_file dataset.run_folder dataset.runner dataset.work domain episode_json
    evaluation.candidates evaluation.evaluate evaluation.results evaluation.trial
    iteration.choosing
iteration.recipe: config_file dataset.produce distill.config domain errors pipeline.recipe
pipeline.publishing: config_file dataset.export distill.export_gguf distill.model_card
    distill.quantize distill.run_record domain evaluation.candidates files gguf_info
    pipeline.learning pipeline.ledger pipeline.recipe
iteration.iterate: dataset.run_folder dataset.split domain errors evaluation.candidates
    evaluation.evaluate evaluation.results evaluation.scores files iteration.choosing
    iteration.gathering iteration.losses iteration.playing iteration.recipe iteration.report
    pipeline.learning pipeline.ledger pipeline.publishing pipeline.recipe
pipeline:
pipeline.distill: distill.quantize errors evaluation.evaluate pipeline.learning pipeline.ledger
    pipeline.publishing pipeline.recipe
terminal_scores: evaluation.controls evaluation.evaluate evaluation.scores
"""


def read_table(rows: str) -> dict[str, set[str]]:
    lines = re.sub(r'\n +', ' ', rows).strip().split('\n')
    return {
        module.replace('prism_core', ''): set(imported.split())
        for module, _, imported in (line.partition(':') for line in lines)
    }


MAY_IMPORT = read_table(_RULES)
# What may be imported beyond that inside a function, which runs a command or makes a client.
_LATE = """
cli: domains.mapping domains.mapping.generator domains.mapping.intents domains.mapping.play
    domains.mapping.words domains.mapping.world episode_json episode_picture episode_trail errors
    picture plan planner routes spine_json terminal terminal_episodes validation
cli_bench: dataset.tokenizer distill.random_model domains.mapping.benchmark inference.benchmark
    inference.benchmark_grammar inference.benchmark_machine inference.benchmark_runtime
    inference.llama_cpp inference.student
cli_compare: config_file evaluation.comparison files
cli_data: dataset.export dataset.report dataset.tokenizer domain terminal_data
cli_distill: pipeline.distill
cli_evaluate: evaluation.candidates evaluation.evaluate evaluation.suite terminal_scores
cli_export: distill.export_gguf distill.model_card distill.quantize domain files gguf_info
cli_iterate: iteration.iterate
cli_produce: inference.teacher_api
cli_report: evaluation.report
cli_train: config_file distill.config distill.merge distill.train evaluation.closed_loop
cli_trend: evaluation.trend
evaluation.candidates: inference.llama_cpp inference.transformers_model
inference.benchmark: inference.transformers_model
inference.lm_factory: inference.teacher_api
inference.model_file: inference.llama_cpp
"""
MAY_IMPORT_LATE = read_table(_LATE)
# Rooms, and those that none of their modules may reach into.
MUST_NOT_REACH = {
    'domains': ('dataset', 'evaluation', 'pipeline', 'cli'),
    'inference': ('dataset', 'domains', 'evaluation', 'pipeline', 'cli'),
    'dialects': ('dataset', 'domains', 'inference', 'evaluation', 'pipeline', 'cli'),
    'dataset': ('distill', 'evaluation', 'pipeline', 'cli'),
    'distill': ('inference', 'domains', 'evaluation', 'pipeline', 'cli'),
    'iteration': ('domains', 'cli'),
    'evaluation': ('distill', 'domains', 'pipeline', 'iteration', 'cli'),
    'pipeline': ('domains', 'inference', 'iteration', 'cli'),
}
# Packages from elsewhere: the one module that needs each, and whether it is imported at its top.
MAY_IMPORT_FROM_ELSEWHERE = {
    ('cli', 'click', 'top'),
    ('cli_bench', 'click', 'top'),
    ('cli_bench', 'rich', 'top'),
    ('cli_bench', 'tokenizers', 'top'),
    ('cli_compare', 'click', 'top'),
    ('cli_compare', 'rich', 'top'),
    ('cli_data', 'click', 'top'),
    ('cli_data', 'rich', 'in a function'),
    ('cli_distill', 'click', 'top'),
    ('cli_distill', 'rich', 'top'),
    ('cli_evaluate', 'click', 'top'),
    ('cli_evaluate', 'rich', 'top'),
    ('cli_export', 'click', 'top'),
    ('cli_import', 'click', 'top'),
    ('cli_import', 'rich', 'top'),
    ('cli_iterate', 'click', 'top'),
    ('cli_iterate', 'rich', 'top'),
    ('cli_measure', 'click', 'top'),
    ('cli_measure', 'rich', 'top'),
    ('cli_produce', 'click', 'top'),
    ('cli_produce', 'rich', 'top'),
    ('cli_report', 'click', 'top'),
    ('cli_report', 'rich', 'in a function'),
    ('cli_serve', 'click', 'top'),
    ('cli_train', 'click', 'top'),
    ('cli_train', 'rich', 'top'),
    ('cli_trend', 'click', 'top'),
    ('cli_trend', 'rich', 'top'),
    ('config_file', 'msgspec', 'top'),
    ('config_file', 'yaml', 'top'),
    ('dataset.card', 'yaml', 'top'),
    ('dataset.duplicates', 'datasketch', 'top'),
    ('dataset.duplicates', 'numpy', 'top'),
    ('dataset.export', 'msgspec', 'top'),
    ('dataset.export', 'tokenizers', 'top'),
    ('dataset.produce', 'tokenizers', 'top'),
    ('dataset.run_folder', 'yaml', 'top'),
    ('dataset.runner', 'ray', 'in a function'),
    ('dataset.shard_writers', 'tokenizers', 'top'),
    ('dataset.shards', 'numpy', 'top'),
    ('dataset.shards', 'tokenizers', 'top'),
    ('dataset.statistics', 'networkx', 'top'),
    ('dataset.statistics', 'numpy', 'top'),
    ('dataset.tokenizer', 'tokenizers', 'top'),
    ('dataset.work', 'tokenizers', 'top'),
    ('dataset.worlds', 'numpy', 'top'),
    ('distill.batches', 'numpy', 'top'),
    ('distill.batches', 'torch', 'top'),
    ('distill.callbacks', 'transformers', 'top'),
    ('distill.check_export', 'numpy', 'top'),
    ('distill.check_export', 'tokenizers', 'top'),
    ('distill.check_export', 'torch', 'top'),
    ('distill.check_export', 'transformers', 'top'),
    ('distill.copying_heads', 'torch', 'top'),
    ('distill.documents', 'numpy', 'top'),
    ('distill.documents', 'tokenizers', 'top'),
    ('distill.export_gguf', 'gguf', 'top'),
    ('distill.export_gguf', 'transformers', 'top'),
    ('distill.following', 'numpy', 'top'),
    ('distill.gguf_tokenizer', 'gguf', 'top'),
    ('distill.gguf_tokenizer', 'transformers', 'top'),
    ('distill.gguf_weights', 'gguf', 'top'),
    ('distill.gguf_weights', 'numpy', 'top'),
    ('distill.gguf_weights', 'safetensors', 'top'),
    ('distill.gguf_weights', 'transformers', 'top'),
    ('distill.llama_cpp_model', 'llama_cpp', 'top'),
    ('distill.llama_cpp_model', 'numpy', 'top'),
    ('distill.loss', 'torch', 'top'),
    ('distill.merge', 'peft', 'in a function'),
    ('distill.merge', 'safetensors', 'top'),
    ('distill.merge', 'torch', 'top'),
    ('distill.merge', 'transformers', 'top'),
    ('distill.merge', 'yaml', 'top'),
    ('distill.model_card', 'yaml', 'top'),
    ('distill.models', 'peft', 'in a function'),
    ('distill.models', 'safetensors', 'top'),
    ('distill.models', 'torch', 'top'),
    ('distill.models', 'transformers', 'top'),
    ('distill.random_model', 'gguf', 'top'),
    ('distill.random_model', 'llama_cpp', 'top'),
    ('distill.random_model', 'numpy', 'top'),
    ('distill.random_model', 'tokenizers', 'top'),
    ('distill.run_record', 'yaml', 'top'),
    ('distill.schedule', 'numpy', 'top'),
    ('distill.settings', 'torch', 'top'),
    ('distill.settings', 'transformers', 'top'),
    ('distill.train', 'numpy', 'top'),
    ('distill.train', 'torch', 'top'),
    ('distill.train', 'transformers', 'top'),
    ('distill.trainer', 'torch', 'top'),
    ('distill.trainer', 'transformers', 'top'),
    ('domains.mapping.free_wording', 'msgspec', 'top'),
    ('domains.mapping.hiding', 'networkx', 'top'),
    ('domains.mapping.world', 'networkx', 'top'),
    ('domains.mapping.writing.place', 'networkx', 'top'),
    ('domains.mapping.writing.prompts', 'msgspec', 'top'),
    ('domains.mapping.writing.schema', 'msgspec', 'top'),
    ('episode_json', 'msgspec', 'top'),
    ('episode_picture', 'matplotlib', 'in a function'),
    ('evaluation.controls', 'numpy', 'top'),
    ('evaluation.costs', 'numpy', 'top'),
    ('evaluation.evaluate', 'msgspec', 'top'),
    ('evaluation.reference_suite', 'msgspec', 'top'),
    ('evaluation.report', 'msgspec', 'top'),
    ('evaluation.scores', 'numpy', 'top'),
    ('evaluation.trend', 'numpy', 'top'),
    ('inference.benchmark_grammar', 'numpy', 'top'),
    ('inference.benchmark_machine', 'numpy', 'top'),
    ('inference.chat_template', 'jinja2', 'top'),
    ('inference.endpoint', 'openai', 'top'),
    ('inference.grammar', 'llguidance', 'top'),
    ('inference.grammar', 'numpy', 'top'),
    ('inference.grammar', 'tokenizers', 'top'),
    ('inference.llama_cpp', 'llama_cpp', 'top'),
    ('inference.llama_cpp', 'numpy', 'top'),
    ('inference.local_engine', 'numpy', 'top'),
    ('inference.local_model', 'numpy', 'top'),
    ('inference.teacher_api', 'tenacity', 'top'),
    ('inference.transformers_model', 'numpy', 'top'),
    ('inference.transformers_model', 'torch', 'top'),
    ('inference.transformers_model', 'transformers', 'top'),
    ('iteration.losses', 'torch', 'top'),
    ('iteration.report', 'msgspec', 'top'),
    ('picture', 'matplotlib', 'in a function'),
    ('pipeline.publishing', 'yaml', 'top'),
    ('scene_graph', 'networkx', 'top'),
    ('terminal', 'plotext', 'in a function'),
    ('terminal', 'rich', 'top'),
    ('terminal_bench', 'rich', 'top'),
    ('terminal_data', 'click', 'top'),
    ('terminal_data', 'rich', 'top'),
    ('terminal_episodes', 'rich', 'top'),
    ('terminal_scores', 'rich', 'top'),
    ('ways', 'networkx', 'top'),
}
# What prism_ros may import of prism_core: the public names, and these modules.
PUBLIC_MODULES = {
    'prism_core.domains.mapping',
    'prism_core.domains.mapping.benchmark',
    'prism_core.terminal',
}


class Import(NamedTuple):
    """One imported module (and name, for `from module import name`) and where that stands."""

    line: int
    module: str
    name: str | None
    place: str


def module_name(path: Path) -> str:
    """The module of a file within its package; '' for the package itself."""
    parts = path.relative_to(ROOT).with_suffix('').parts[1:]
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


def imports_of(path: Path) -> Iterator[Import]:
    tree = ast.parse(path.read_text('utf-8'), filename=str(path))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    late = {inner for function in functions for inner in ast.walk(function)}
    for node in ast.walk(tree):
        place = 'in a function' if node in late else 'top'
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(node.lineno, alias.name, None, place)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{path}:{node.lineno}: import by full name'
            for alias in node.names:
                yield Import(node.lineno, node.module, alias.name, place)


CORE_FILES = sorted((ROOT / 'prism_core').rglob('*.py'))
ROS_FILES = sorted((ROOT / 'prism_ros').rglob('*.py'))


def test_every_module_of_prism_core_has_a_row_in_the_table():
    assert {module_name(path) for path in CORE_FILES} == set(MAY_IMPORT)


@pytest.mark.parametrize('path', CORE_FILES, ids=lambda path: module_name(path) or 'prism_core')
def test_module_of_prism_core_imports_only_what_the_table_allows(path):
    module = module_name(path)
    found = []
    for line, imported, _, place in imports_of(path):
        top, _, rest = imported.partition('.')
        if top == 'prism_core':
            late = MAY_IMPORT_LATE.get(module, set()) if place != 'top' else set()
            allowed = rest in MAY_IMPORT[module] | late
        elif top in sys.stdlib_module_names:
            allowed = True
        else:
            allowed = (module, top, place) in MAY_IMPORT_FROM_ELSEWHERE
        if not allowed:
            found.append(f'{path}:{line}: {imported} ({place})')
    assert not found


def test_no_room_reaches_into_one_above_it():
    found = [
        (module, imported)
        for room, others in MUST_NOT_REACH.items()
        for module in MAY_IMPORT
        if module.split('.')[0] == room
        for imported in MAY_IMPORT[module] | MAY_IMPORT_LATE.get(module, set())
        if imported.split('.')[0] in others
    ]
    types = [m for m in MAY_IMPORT if '.' not in m and not m.startswith(('cli', 'terminal'))]
    found += [
        (module, imported)
        for module in types
        for imported in MAY_IMPORT[module]
        if imported.startswith(('dataset', 'domains'))
    ]
    assert found == []


def test_table_has_no_row_that_leads_back():
    state: dict[str, str] = {}

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert state.get(module) != 'open', f'a circle: {" → ".join((*way, module))}'
        if module not in state:
            state[module] = 'open'
            for other in MAY_IMPORT[module]:
                visit(other, (*way, module))
            state[module] = 'done'

    for module in MAY_IMPORT:
        visit(module, ())
    assert set(state.values()) == {'done'}


@pytest.mark.parametrize('path', ROS_FILES, ids=lambda path: path.stem)
def test_prism_ros_imports_public_names_of_prism_core_only(path):
    private = [
        f'{path}:{line}: {module} {name or ""}'
        for line, module, name, _ in imports_of(path)
        if module.split('.')[0] == 'prism_core'
        and module not in PUBLIC_MODULES
        and not (module == 'prism_core' and name in prism_core.__all__)
    ]
    assert not private


@pytest.mark.parametrize('path', sorted((ROOT / 'launch').glob('*.py')), ids=lambda path: path.stem)
def test_launch_files_import_nothing_of_ours_but_what_their_arguments_mean(path):
    ours = {found.module for found in imports_of(path) if found.module.startswith('prism')}
    assert ours <= {'prism_ros.launch_arguments'}


def test_what_launch_arguments_mean_is_known_without_ros():
    (path,) = (path for path in ROS_FILES if path.stem == 'launch_arguments')
    modules = {found.module for found in imports_of(path)} - {'__future__', 'pathlib'}
    assert modules == {'prism_core.domains.mapping'}


# ---------------------------------------------------------------------------- in a fresh process

FRESH_IMPORT = """
import json, sys, time
started = time.process_time()
import prism_core
print(json.dumps([time.process_time() - started, sorted(sys.modules)]))
"""


def test_importing_prism_core_is_quick_and_loads_nothing_heavy():
    times_s = []
    for _ in range(5):
        done = subprocess.run(
            [sys.executable, '-c', FRESH_IMPORT], cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        time_s, modules = json.loads(done.stdout)
        times_s.append(time_s)
    heavy = {
        *('click', 'llama_cpp', 'matplotlib', 'numpy', 'openai', 'plotext', 'prism_msgs'),
        *('prism_ros', 'rclpy', 'rich', 'torch', 'transformers', 'urllib.request'),
    }
    assert not heavy & set(modules)
    assert min(times_s) < 0.3
