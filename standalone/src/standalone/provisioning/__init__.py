"""Provisioning of servers shared by services: each service gets logins without access to the others' data."""
