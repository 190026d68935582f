"""What containers start, started here: on this machine, on the engines of the run."""
