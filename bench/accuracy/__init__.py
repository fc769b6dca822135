"""Quality of the stages, measured with an evaluation kit on public data: `make accuracy`."""
