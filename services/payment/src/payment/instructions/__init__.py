"""Payment instructions: bank account, QRIS image and deadline, as set by the organiser."""
