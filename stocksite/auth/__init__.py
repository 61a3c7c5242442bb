"""Who is who: accounts, sessions, tokens."""
