"""Statistics and reports for staff, from sums that are kept with every change."""
