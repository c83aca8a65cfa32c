"""The course of an event: a GPX file that staff upload and everybody may download."""
