"""The languages that backends speak, each behind one protocol."""
