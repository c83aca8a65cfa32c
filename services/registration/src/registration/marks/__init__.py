"""Queue marks: events to itself that show how far the service has consumed its queue."""
