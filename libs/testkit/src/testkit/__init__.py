"""How tests find PostgreSQL and RabbitMQ, and how each test gets a database and broker names of its own."""
