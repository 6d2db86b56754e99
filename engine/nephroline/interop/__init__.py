"""How charts come in from other systems, and how answers go out to them."""
