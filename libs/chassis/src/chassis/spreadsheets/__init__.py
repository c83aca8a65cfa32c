"""Tables as files for spreadsheets, written while their rows are read."""
