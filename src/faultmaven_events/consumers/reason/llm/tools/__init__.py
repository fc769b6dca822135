"""What a model may ask for while it thinks: tools that read, checked, bounded and told in the report. None of them changes anything."""
