"""The chain benchmark: two stages on one broker, through our shell and through what others would have used."""
