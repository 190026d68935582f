"""The recommendations service: an aggregate service. It keeps a log of what others published, makes a graph from
it, and answers from that graph what no single one of them could."""
