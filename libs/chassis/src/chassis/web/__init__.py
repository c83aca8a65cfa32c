"""The HTTP half of a service: the application, its middleware, problems, pages."""
