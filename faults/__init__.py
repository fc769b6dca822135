"""The fault suite: the whole system on its own servers, broken on purpose, and an account of what became of every job."""
