"""embed: makes passages searchable, looks up knowledge for a question, and answers searches."""
