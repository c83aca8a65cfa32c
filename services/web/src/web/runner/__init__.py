"""The pages of a registration, or of a place in line, which its link opens."""
