"""Runs a program on a terminal of its own, answers what it asks, and says what a person would have seen."""

import json
import os
import pty
import select
import signal
import sys
import termios
import time

LIMIT_S = 60

answers, *command = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
shown = b""
asked_from = 0
began = time.monotonic()
while True:
    if time.monotonic() - began > LIMIT_S:
        os.kill(pid, signal.SIGKILL)
    ready, _, _ = select.select([terminal], [], [], 0.1)
    if ready:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:  # nobody has the other side open any more
            break
        if not chunk:
            break
        shown += chunk
    # Not before the terminal waits for it as a program that asks has set it: else it would be echoed in between.
    is_raw = not termios.tcgetattr(terminal)[3] & termios.ICANON
    if answers and is_raw and answers[0][0].encode() in shown[asked_from:]:
        asked_from = len(shown)
        os.write(terminal, answers.pop(0)[1].encode())
flags = termios.tcgetattr(terminal)[3]
_, status = os.waitpid(pid, 0)
print(
    json.dumps(
        {
            "shown": shown.decode(errors="replace"),
            "code": os.waitstatus_to_exitcode(status),
            "isRestored": bool(flags & termios.ECHO and flags & termios.ICANON),
            "unasked": [question for question, _ in answers],
        }
    )
)
