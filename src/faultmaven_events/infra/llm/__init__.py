"""Language models: any provider through litellm behind one port, with breakers, budgets and caches. Only the reason stage uses it."""
