"""Use cases of the room.

gathering   reads what a report is made of and builds it: the one place that knows all kinds
making      stores a report (the same one once), and writes its PDF in a job
reads       lists, one report, its files; deleting
sharing     the link that shows one report to whoever has it, until it is revoked
scheduling  reports that are made after each week or month
"""
