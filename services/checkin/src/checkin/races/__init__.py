"""The names of races and categories, as registration says they are now."""
