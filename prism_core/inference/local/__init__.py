# SPDX-License-Identifier: Apache-2.0
"""Models that run in this process: llama.cpp and transformers."""
