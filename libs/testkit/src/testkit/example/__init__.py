"""A minimal service with two tables and their migration, for tests of the chassis."""
