"""What a patient is entitled to on one visit, why, and what would change it.

Every function here is pure: the situation of the visit and the tables of the law come in as
arguments, and the answer goes out.  `entitlement.entitle` is the entry point.
"""
