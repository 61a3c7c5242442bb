"""What shows several rooms at once: home, dashboard, stock page, jobs; setting the house up."""
