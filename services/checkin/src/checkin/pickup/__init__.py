"""Handing packs over, once each, and taking that back."""
