"""Killing a consumer at every point at which its delivery waits for something: forked from a warm parent: a death costs a second."""
