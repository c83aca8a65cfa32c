"""The smallest service there can be: two tables and their migration, to try the chassis on."""
