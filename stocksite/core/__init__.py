"""What every room stands on: money, clocks, database, queue, errors. Knows no room and no HTTP."""
