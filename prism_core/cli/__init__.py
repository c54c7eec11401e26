# SPDX-License-Identifier: Apache-2.0
"""The command line `prism`: one file a group of commands, all listed in `main`."""
