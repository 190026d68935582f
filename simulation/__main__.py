"""`python -m simulation --host URL`, as its container runs it; on a desktop `./manage.py simulate` is the same."""

import sys

from simulation.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
