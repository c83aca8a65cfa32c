"""The journey from registration to race pack, played over HTTP: by the demo, and by the end-to-end tests."""
