"""Forms of the console: they read and shape what was typed. Whether it is allowed is for the services to say."""
