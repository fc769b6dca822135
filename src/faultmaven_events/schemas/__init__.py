"""What travels between stages and what is stored: values, no behaviour beyond their own shape."""
