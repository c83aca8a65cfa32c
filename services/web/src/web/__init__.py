"""The pages of runners, rendered from the APIs. The service stores nothing."""
