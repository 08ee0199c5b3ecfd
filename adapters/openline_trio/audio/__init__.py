"""Sources of audio, each brought to 16 kHz mono."""
