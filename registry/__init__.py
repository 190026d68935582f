"""The service registry: who is up, by the Eureka REST protocol."""
