"""Contracts: public coursework that was not written for us, graded by its own signatures."""

from __future__ import annotations

import importlib

from graders.contracts.contract import Contract

__all__ = ["Contract", "contract_names", "find_contract"]

NAMES = ("cs231n", "mytorch")


def contract_names() -> tuple[str, ...]:
    """The contracts there are."""
    return NAMES


def find_contract(name: str) -> Contract:
    """The contract of that name; KeyError when there is none."""
    if name not in NAMES:
        raise KeyError(name)
    contract = importlib.import_module(f"graders.contracts.{name}").CONTRACT
    assert isinstance(contract, Contract)
    return contract
