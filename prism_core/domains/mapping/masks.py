# SPDX-License-Identifier: Apache-2.0
"""What stands for the words of the mapping domain where ways of asking are counted."""

from __future__ import annotations

from prism_core.domains.mapping.lexicon import Lexicon


def make_masks(lexicon: Lexicon) -> dict[str, str]:
    """Each phrase of a lexicon and its mask; of the same phrase the last one counts."""
    masks = {}
    for phrase, (_, value) in lexicon.attribute_phrases.items():
        masks[phrase.lower()] = '<value>' if value else '<attribute>'
    for purpose, paraphrases in lexicon.purposes.items():
        for phrase in (purpose, *paraphrases):
            masks[phrase.lower()] = '<purpose>'
    objects = [name for c in lexicon.objects.values() for name in (c.name, *c.synonyms)]
    regions = [name for entry in lexicon.regions.items() for name in (entry[0], *entry[1])]
    for name in (*objects, *regions, *lexicon.groups):
        masks[name.lower()] = masks[lexicon.plural(name).lower()] = '<class>'
    return masks
