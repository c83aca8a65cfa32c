"""Banner and logo of an event: uploaded by staff, stored in several sizes, served to everybody."""
