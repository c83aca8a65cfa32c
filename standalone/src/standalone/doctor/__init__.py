"""The doctor: compares the state of the services, each of which has its own database."""
