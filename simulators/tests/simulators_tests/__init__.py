"""A package with a name of its own: pytest would name these modules `simulators.…` after their folder otherwise."""
