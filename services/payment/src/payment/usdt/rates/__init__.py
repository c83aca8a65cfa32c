"""Exchange rates: rupiah for one USDT, from public sources or set by staff."""
