"""The same work by Abacus and by what else one would pick, on one MySQL: how fast, and what is left after kills."""
