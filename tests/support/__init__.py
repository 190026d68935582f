"""What tests share: the run itself, a client, waiting, a whole system."""
