"""The account at the payment gateway."""
