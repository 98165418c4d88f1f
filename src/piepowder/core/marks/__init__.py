"""Marks: what stands in a buyer's place. Keyed pseudonyms and aliases, masks, shortened postcodes, normal forms. Pure.

Must never: read a clock, a file or a random source; keep what it was given; give two apps or two sellers the same mark.
"""

from piepowder.core.marks.keyed import alias, alias_maker, could_be_alias, pseudonym
from piepowder.core.marks.masks import MASK, mask, mask_email, mask_name, mask_phone, outward
from piepowder.core.marks.normal import normal_country, normal_email, normal_name, normal_phone, normal_postcode

__all__ = [
    "MASK",
    "alias",
    "alias_maker",
    "could_be_alias",
    "mask",
    "mask_email",
    "mask_name",
    "mask_phone",
    "normal_country",
    "normal_email",
    "normal_name",
    "normal_phone",
    "normal_postcode",
    "outward",
    "pseudonym",
]
