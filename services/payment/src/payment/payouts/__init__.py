"""Lines of statements that are no payment: payouts, money that was sent back, and decisions that are taken back."""
