"""Private PostgreSQL and RabbitMQ servers for one folder, made from what the machine has.

Nothing outside the folder is changed, with one exception: a server that root starts never runs as root, and when the
user it runs as cannot reach the folder, its data live under `/var/lib/startline` and the folder says where.
"""
