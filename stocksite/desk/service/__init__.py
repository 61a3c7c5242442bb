"""Use cases that need several rooms: the dashboard, preparation, the demo account."""
