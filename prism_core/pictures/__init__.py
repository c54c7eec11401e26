# SPDX-License-Identifier: Apache-2.0
"""What is drawn or written in a terminal: graphs, plans, episodes, data sets, scores."""
