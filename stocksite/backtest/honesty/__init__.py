"""What a result is worth: luck, look-ahead, rules and costs, counted and put in plain words."""
