"""Where packs are handed out: stations, their PINs, and the devices logged in there."""
