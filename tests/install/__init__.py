"""The installer: releases, upgrades, roll-backs, on real environments and programs."""
