"""The offline reasoner: a pure function from insights to an incident report."""
