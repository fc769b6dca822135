"""The two-stage chain, once per system. Each module's `run(task, meter)` fills its first queue, then consumes until the meter is done.

A stage takes a message, publishes one to the next queue and waits for the broker's confirmation, then acknowledges. What the second stage
publishes lies in a third queue, where nobody takes it.
"""
