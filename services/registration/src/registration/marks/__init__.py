"""Queue marks: events that show how far this service has consumed its queue, and how far payment has spoken."""
