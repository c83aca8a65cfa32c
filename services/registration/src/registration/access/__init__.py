"""Access by link: codes that open a registration, and the links that contain them."""
