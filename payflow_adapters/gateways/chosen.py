"""Which gateway serves which environment."""

from attrs import frozen

from payflow_domain.ledger.ledgers import Environment
from payflow_domain.payments.gateway import PaymentGateway


@frozen
class Gateways:
    """The port ``GatewayOf``. Real money never meets a gateway that is for trying out.

    Raises ``ValueError`` where a gateway is put into the other environment's place, or the mock
    into that of real money, whatever it says of itself.
    """

    sandbox: PaymentGateway | None
    live: PaymentGateway | None

    def __attrs_post_init__(self) -> None:
        """Refuse a gateway that is not in its place."""
        for environment in Environment:
            gateway = self(environment)
            if gateway is not None and gateway.environment is not environment:
                raise ValueError(f"The {gateway.name} gateway is not for {environment.value}.")
        if self.live is not None and self.live.name == "mock":
            raise ValueError("The mock gateway moves no money, so it cannot be live.")

    def __call__(self, environment: Environment) -> PaymentGateway | None:
        """Return the gateway of an environment; ``None`` where none is set up."""
        return self.sandbox if environment is Environment.SANDBOX else self.live
