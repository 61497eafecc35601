"""Front-ends: each turns bytes into requests and events into bytes, in one dialect."""
