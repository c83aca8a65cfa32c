"""Who is calling: tokens, the keys that sign them, and the access every route states."""
