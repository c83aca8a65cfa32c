"""A mail server that stores received mails and delivers none."""
