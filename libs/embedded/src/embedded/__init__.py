"""Private PostgreSQL and RabbitMQ servers for one folder, from programs on this machine.

Nothing outside the folder is changed, with one exception: a server started by root never runs as root, and if its user
cannot access the folder, its data are stored under `/var/lib/startline` and the folder contains a pointer to them.
"""
