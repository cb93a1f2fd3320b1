"""The peer of playback: the barest loop there is, which sleeps from note to note.

`python -m bench.bare_player SECONDS GAP_S` ends with a line of JSON: how late each note was, in
milliseconds.
"""

import json
import sys
import time


def main(seconds: float, gap_s: float) -> None:
    """Sleep until each note is due, and see how late it is."""
    origin_ns = time.monotonic_ns()
    late_ms: list[float] = []
    while (due_s := len(late_ms) * gap_s) < seconds:
        due_ns = origin_ns + round(due_s * 1e9)
        time.sleep(max(due_ns - time.monotonic_ns(), 0) / 1e9)
        late_ms.append((time.monotonic_ns() - due_ns) / 1e6)
    sys.stdout.write(json.dumps(late_ms) + "\n")


if __name__ == "__main__":
    main(float(sys.argv[1]), float(sys.argv[2]))
