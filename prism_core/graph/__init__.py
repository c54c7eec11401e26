# SPDX-License-Identifier: Apache-2.0
"""The scene graph, its updates, its JSON, and by which words its nodes are called."""
