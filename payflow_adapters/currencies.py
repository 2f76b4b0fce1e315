"""ISO 4217, as the iso4217 package has it."""

from iso4217 import Currency

from payflow_domain.money import Currencies


def iso_currencies() -> Currencies:
    """Return the currencies that have minor units, with their decimal places.

    Metals, funds without units and the codes for tests have none and are left out.
    """
    return {each.code: each.exponent for each in Currency if each.exponent is not None}
