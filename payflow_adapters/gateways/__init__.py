"""What stands behind the port of the payment gateway, and which of it serves which environment."""
