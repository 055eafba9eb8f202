"""Hard days: kills, power cuts and two days of a hospital, with the clock driven from outside."""
