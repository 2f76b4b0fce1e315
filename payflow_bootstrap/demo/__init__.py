"""The RoSaBank savings circle, played over HTTP."""
