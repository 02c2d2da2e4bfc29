"""Free-form queries: the protocol, the gate, the pool of workers, federation."""
