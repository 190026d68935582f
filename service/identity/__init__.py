"""Who asks, as the gateway or another service says it, and what makes that believable."""
