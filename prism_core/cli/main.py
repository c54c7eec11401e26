# SPDX-License-Identifier: Apache-2.0
"""The command line `prism`: the table of its commands.

Each command is imported when it is run, so that `prism --help` is quick and a robot needs no plots.
Other packages, and domains, add theirs as entry points of group `prism.commands`.
"""

from __future__ import annotations

import sys

import click

from prism_core.cli.commands import Commands, Table
from prism_core.errors import PrismError
from prism_core.installing import explain_missing

# Name, module of this folder and function, what it does.
_ROWS = (
    ('plan', 'plan:plan', 'Plan once, without ROS.'),
    ('import-graph', 'import_graph:import_graph_', 'Read a map that others made, and say how.'),
    ('merge-graph', 'merge_graph:merge_graph', "Merge another mapper's map into ours."),
    ('show', 'show:show', 'Draw a scene graph, a plan on it, or an episode.'),
    ('words', 'words:words', "Hold a site's own words against its map."),
    ('serve', 'serve:serve', 'Serve a planner to clients of chat completions.'),
    ('bench', 'bench:bench', 'Measure speed on this machine.'),
    # data
    ('synthesize', 'produce:synthesize', 'Make worlds with tasks, each proven solvable.'),
    ('elicit', 'produce:elicit', 'Let a teacher play tasks.'),
    ('import', 'import_logs:import_', 'Turn logs, of planners or missions, into episodes.'),
    ('data', 'data:data', 'Show data sets, report what is in them, export them.'),
    # models
    ('distill', 'distill:distill', 'Make a student, from the data to the model card.'),
    ('base', 'base:base', 'Fetch a pretrained model to train students on.'),
    ('unpack', 'base:unpack', 'Make the checkpoint of a published nano, to go on from.'),
    ('train', 'train:train', 'Train a student: a nano from scratch, or on a pretrained base.'),
    ('merge', 'train:merge', 'Put an adapter into its base; needs no GPU.'),
    ('extract', 'train:extract', 'Cut what whole tuning changed to an adapter.'),
    ('export', 'export:export', 'Write a merged checkpoint as GGUF, and compare both.'),
    ('quantize', 'export:quantize', 'Write a GGUF file in fewer bits.'),
    ('iterate', 'iterate:iterate', 'Train, play, choose what the teacher shows next, train again.'),
    # verdicts
    ('evaluate', 'evaluate:evaluate', 'Let a planner play a suite in closed loop, and score it.'),
    ('compare', 'compare:compare', 'Compare two evaluations of the same suite.'),
    ('report', 'report:report', 'Write evaluations as one page: figures, trials turn by turn.'),
    ('trend', 'trend:trend', 'Fit how success grows over runs of `prism distill`.'),
)
COMMANDS: Table = {name: (f'prism_core.cli.{place}', text) for name, place, text in _ROWS}


@click.group(
    cls=Commands,
    table=COMMANDS,
    entry_points='prism.commands',
    context_settings={'help_option_names': ['-h', '--help']},
)
@click.version_option(package_name='prism_ros')
def prism() -> None:
    """Plans for robots from small language models, on the robot."""


def main() -> None:
    """Run the command line; an error of ours is one sentence and exit status 1."""
    try:
        prism()
    except PrismError as error:
        click.echo(f'Error: {error}', err=True)
        sys.exit(1)
    except ModuleNotFoundError as error:
        if not (sentence := explain_missing(error)):
            raise
        click.echo(f'Error: {sentence}', err=True)
        sys.exit(1)


if __name__ == '__main__':
    main()
