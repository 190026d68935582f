"""The account: what the client's ledger says must be there, compared with what is in every store.

A program of its own that imports nothing of the system it looks at: it knows the ledger's lines, the tables, topics
and labels by their names, and speaks to each store with that store's own driver.
"""
