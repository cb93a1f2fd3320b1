"""The instrument: what runs on the Pi, and on any desktop with simulated devices."""
