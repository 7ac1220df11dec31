"""The claims ledger: every claim of the papers with the code that judges it, and what it found."""
