"""Stations, where packs are handed out, their PINs, and the devices logged in there."""
