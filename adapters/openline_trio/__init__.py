"""openline on trio: sessions over real sockets, sources of audio, a backend, a command."""
