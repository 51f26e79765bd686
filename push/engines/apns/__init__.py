"""Apple's push service. The facts are Apple's ("Sending notification requests to APNs", "Handling notification
responses from APNs"); docs/push-channels.md says what we make of each answer."""
