"""Queue marks: events that show until when this service's queue and payment's events have been processed."""
