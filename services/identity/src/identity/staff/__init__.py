"""Managing staff: creating and changing accounts, and changing one's own password."""
