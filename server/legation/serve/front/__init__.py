"""The server's side of HTTP: answers from memory, content codings, logs, metrics."""
