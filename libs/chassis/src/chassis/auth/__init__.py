"""Authentication and authorization: tokens, the keys that sign them, and the access that each route declares."""
