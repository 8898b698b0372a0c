"""Trees and traces in the terminal: plain (text made safe to print), tree_view, trace_view."""
