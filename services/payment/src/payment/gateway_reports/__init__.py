"""Settlement reports of the payment gateway, compared with charges: its fees are booked, what differs is named."""
