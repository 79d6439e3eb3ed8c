"""Other ways to send the same messages: a job for each, done by a worker with Twilio's SDK."""
