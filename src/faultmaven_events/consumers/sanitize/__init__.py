"""The sanitize room: personal data become pseudonyms, secrets become markers, everything else stays as it is."""
