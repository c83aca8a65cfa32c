"""The refunds that staff see and complete: lists, evidence, and sending them through the gateway."""
