"""The pages for clerks and IT staff: one module a page."""
