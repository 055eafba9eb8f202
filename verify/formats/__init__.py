"""The payload formats of cards. What is read here is not trusted yet."""
