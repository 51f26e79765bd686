"""Push: templates, service messages, marketing campaigns, and the channels that carry them to devices."""
