"""Bank statements: reading the files of banks, checking that they add up, and finding whose money a line is."""
