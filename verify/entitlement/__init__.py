"""What a patient is entitled to, why, and what would change it. Pure."""
