"""What the stages stand on: one module per server or mechanism; drivers of the real servers, no mock stores."""
