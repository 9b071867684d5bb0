"""What this product chooses: its settings and its addresses. All else is the engine's or the domain's."""
