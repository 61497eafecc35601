"""The clients that come with chatd. They know its grammars and nothing else of the daemon."""
