"""Pure MIDI: messages, note pairing, Standard MIDI Files, control maps."""
