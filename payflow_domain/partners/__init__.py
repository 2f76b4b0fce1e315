"""Partners: the companies that build on PayFlow."""
