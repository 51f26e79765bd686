"""What happened: devices, what is installed on them, observations; later events, reports and predictions."""
