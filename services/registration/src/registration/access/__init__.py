"""The way back: codes that open a registration, and the links that carry them."""
