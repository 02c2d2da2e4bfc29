"""Speed and memory, measured side by side with the peers: see docs/benchmarks.md."""
