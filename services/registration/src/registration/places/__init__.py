"""The places of a category: taken, offered, released."""
