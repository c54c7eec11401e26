# SPDX-License-Identifier: Apache-2.0
"""How the mapping domain is spoken of in prompts and replies."""
