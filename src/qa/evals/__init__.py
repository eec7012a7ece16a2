"""Reference questions, and what is fitted to and measured on them."""
