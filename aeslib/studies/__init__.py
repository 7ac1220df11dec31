"""What each table needs: a named grid of runs, computed once and kept."""
