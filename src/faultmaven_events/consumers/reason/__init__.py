"""The stage that answers: scope, timeline, ranked causes and advice out of the facts of all evidence."""
