"""What is served over HTTP: one module a page or contract, each made from what it reads."""
