"""Garbage for a DHT server, sent as cheaply as Linux can: one call hands the kernel sixty datagrams (UDP_SEGMENT).

Noise, broken bencoding and a message cut off, none of which deserves an answer. Reads `start`, `stop` and `counts` from standard
input, a line each; answers `counts` with the number of datagrams sent so far. Ends with its standard input.
"""

import os
import select
import socket
import sys
import time

SOL_UDP = 17
UDP_SEGMENT = 103
SEGMENT_BYTES = 90
SEGMENTS = 60
SLEEP_S = 0.001
# Of lost time it makes up so much: no later second has more for it.
LATE_MAX_S = 0.01

port, per_second, query = int(sys.argv[1]), int(sys.argv[2]), bytes.fromhex(sys.argv[3])
noise = os.urandom(SEGMENT_BYTES * SEGMENTS)
kinds = [
    [noise[i * SEGMENT_BYTES : (i + 1) * SEGMENT_BYTES] for i in range(SEGMENTS)],
    [query[:SEGMENT_BYTES].ljust(SEGMENT_BYTES, b"0")] * SEGMENTS,
    [b"d1:ad2:id" + noise[i : i + SEGMENT_BYTES - 9] for i in range(SEGMENTS)],
    [b"l" * SEGMENT_BYTES] * SEGMENTS,
]
bursts = [b"".join(kinds[(i + k) % 4][i] for i in range(SEGMENTS)) for k in range(4)]

out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.bind(("127.0.0.9", 0))
out.connect(("127.0.0.1", port))
out.setsockopt(SOL_UDP, UDP_SEGMENT, SEGMENT_BYTES)

sent = 0
running = False
until = 0.0
print("ready", flush=True)
while True:
    if select.select([sys.stdin], [], [], 0 if running else None)[0]:
        line = sys.stdin.readline().strip()
        if line == "":
            break
        if line == "counts":
            print(sent, flush=True)
        running = line == "start" or (running and line != "stop")
        if line == "start":
            until = time.monotonic()
    if not running:
        continue
    now = time.monotonic()
    until = max(until, now - LATE_MAX_S)
    due = int((now - until) * per_second) // SEGMENTS
    for i in range(due):
        try:
            out.send(bursts[i % 4])
            sent += SEGMENTS
        except OSError:
            pass  # Whoever is flooded may be gone; that is for others to notice.
    until += due * SEGMENTS / per_second
    time.sleep(SLEEP_S)
