"""Whether what a bank holds is what its journal says."""
