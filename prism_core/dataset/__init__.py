# SPDX-License-Identifier: Apache-2.0
"""From tasks to verified episodes, and from episodes to what models are trained on."""
