"""Proposals for the desk: what an order is about, and which open orders could be its twins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz import fuzz

from config.catalog import OTHER, Catalog

LIKELY_TWIN = 55  # out of 100; on short Chinese sentences about the same thing


def suggest_category(words: str, catalog: Catalog) -> str:
    """The category whose keywords cover most of the words; the catch-all when none is named."""
    best, covered = OTHER, 0
    for category in catalog.categories.values():
        score = sum(len(keyword) for keyword in category.keywords if keyword in words)
        if score > covered:
            best, covered = category.id, score
    return best


@dataclass(frozen=True)
class Candidate:
    """An open order that a new one might repeat."""

    number: str
    words: str
    same_grid: bool
    same_resident: bool


def likely_twins(words: str, candidates: Iterable[Candidate], most: int = 8) -> list[Candidate]:
    """The candidates that ask nearly the same, the likeliest first.

    Two descriptions of one thing share most of their characters; the same grid or the same
    resident makes it likelier.
    """
    scored = [
        (
            fuzz.token_set_ratio(words[:500], candidate.words[:500]) * 0.5
            + fuzz.ratio(words[:500], candidate.words[:500]) * 0.5
            + 10 * candidate.same_grid
            + 10 * candidate.same_resident,
            candidate,
        )
        for candidate in candidates
    ]
    likely = sorted((pair for pair in scored if pair[0] >= LIKELY_TWIN), key=lambda pair: -pair[0])
    return [candidate for _score, candidate in likely[:most]]
