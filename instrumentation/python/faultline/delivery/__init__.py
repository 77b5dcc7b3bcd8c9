"""How spans leave the process."""
