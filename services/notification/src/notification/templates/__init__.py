"""Templates of messages and their rendering."""
