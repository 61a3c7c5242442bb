"""Where prices come from. Each provider speaks its own tongue and answers in ours."""
