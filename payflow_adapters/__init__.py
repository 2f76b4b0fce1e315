"""What stands behind the domain's ports: stores, gateways, webhook delivery."""
