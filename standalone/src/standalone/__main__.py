"""`python -m standalone` runs `startline`."""

from standalone.cli import main

main()
