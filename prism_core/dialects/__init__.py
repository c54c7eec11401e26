# SPDX-License-Identifier: Apache-2.0
"""The two dialects of a conversation."""
