"""Reports put together: pure functions from read models of the rooms below to `Report`."""
