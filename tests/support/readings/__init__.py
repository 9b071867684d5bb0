"""Two more kinds of task beside the product's own: what the engine derives must hold for them, too."""
