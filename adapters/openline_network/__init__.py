"""From a backend's address to a connected socket, in whichever way a face waits."""
