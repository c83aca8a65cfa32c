"""How runners pay: the account, the QRIS picture, the deadline and the reasons of refusals."""
