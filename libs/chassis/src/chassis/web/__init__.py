"""The HTTP part of a service: application, middleware, problem documents, pages."""
