"""The administrator's panel: people, data, jobs, models, settings, and who changed what."""
