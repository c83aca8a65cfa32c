"""Bank statements: importing them, and deciding whose each line is."""
