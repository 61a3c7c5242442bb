"""How often providers are asked: shared by every process through Redis, and without it not at all.

`governor` counts requests, `single_flight` makes one of many equal ones, `breaker` leaves a
provider alone that fails.
"""
