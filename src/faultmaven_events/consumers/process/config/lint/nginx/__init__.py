"""Rules for nginx configurations."""
