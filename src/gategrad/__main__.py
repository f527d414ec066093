"""`python -m gategrad`: the command line."""

from gategrad.cli import main

if __name__ == "__main__":
    main(prog_name="python -m gategrad")
