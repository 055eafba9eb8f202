"""Many desks and their hub."""
