"""The doctor: do the services, each with its own database, tell one and the same story?"""
