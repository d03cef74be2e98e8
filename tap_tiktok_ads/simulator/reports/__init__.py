"""Report queries, metric formulas and report rows."""
