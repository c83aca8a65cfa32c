"""Work that failed for one item and must not stop the others: put aside for a while, counted, and shown."""
