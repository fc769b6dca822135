"""Where events enter: the HTTP door, and the publisher for systems inside."""
