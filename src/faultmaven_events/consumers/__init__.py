"""The stages: one room each, a thin shell (`consumer.py`) beside pure modules that know no broker, store or setting."""
