"""Settings that every service shares; `config.environment` is the only reader of the environment."""
