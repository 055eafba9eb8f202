"""The dated tables of the law: how they are read, checked and looked up."""
