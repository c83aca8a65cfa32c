"""`python -m standalone` is `startline`."""

from standalone.cli import main

main()
