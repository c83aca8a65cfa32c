"""What runners send in to show that they paid."""
