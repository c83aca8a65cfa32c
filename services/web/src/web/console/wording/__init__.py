"""The templates of messages: texts with variables, own or standard ones, with a preview."""
