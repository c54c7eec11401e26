# SPDX-License-Identifier: Apache-2.0
"""SPRINT's longer tasks out of the episodes that there are (arXiv 2306.11886).

`transcripts` an episode step by step, with what workers said of each; `wording` and `summaries` one
instruction for several steps, by rules and by a language model; `segments` runs of steps as
episodes; `chaining` one behind the other; `corrupting` wrong ones, and `features` and `critic` how
much each counts; `augmenting` all of it. At the level of plans, and carried out in the simulator:
nothing is guessed about what can be done.
"""
