"""The address and the quote of an invoice: what is to be sent where, at which rate, until when."""
