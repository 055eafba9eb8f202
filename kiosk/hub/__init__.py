"""Many desks, one hub: what each desk shares with the others, over PostgreSQL."""
