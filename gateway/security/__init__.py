"""Who a request comes from, what it may, and what browsers are told."""
