"""The pages for clerks and IT staff: one module for each page."""
