"""Reports of money and of participants."""
