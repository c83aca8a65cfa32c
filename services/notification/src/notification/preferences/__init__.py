"""Settings that staff can change while the service runs."""
