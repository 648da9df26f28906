"""One file per noun of the address bar."""
