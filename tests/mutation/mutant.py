"""What a mutant is."""

from attrs import frozen


@frozen
class Mutant:
    """A rule of a module of ``payflow_domain/ledger``, broken by an exact replacement."""

    rule: str
    module: str
    old: str
    new: str
