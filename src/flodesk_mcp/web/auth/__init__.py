"""Who a request comes from: one module per kind of proof."""
