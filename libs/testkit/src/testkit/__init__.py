"""Test servers for PostgreSQL and RabbitMQ, with a separate database and broker names for each test."""
