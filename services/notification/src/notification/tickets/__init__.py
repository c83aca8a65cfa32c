"""E-tickets: QR code and PDF."""
