"""The journey from registration to race pack over HTTP, used by the demo and the end-to-end tests."""
