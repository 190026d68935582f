"""`make chaos`: the whole system under load while its processes and engines are killed, and an account at the end."""
