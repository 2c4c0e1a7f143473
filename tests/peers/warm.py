"""Starts a Python program again and again, and imports what it imports only once.

    python warm.py PROGRAM

takes a line of JSON on standard input for each start:

    {"socket", "arguments", "environment", "silent"}

and forks for it. The fork connects to the Unix socket, says `{"pid"}` of the program, which is a fork of its own,
and `{"code"}` when that has ended (minus the number of the signal that ended it, if one did). The program connects
to the same socket afterwards, has that connection as standard input and output, and runs as from the command line.
It is killed when nobody holds the other end of the first connection any more; at the end of standard input no more
are started. Importing takes most of the time in which such a program gets ready.
"""

import json
import os
import runpy
import select
import signal
import socket
import sys


def connected(path):
    stream = socket.socket(socket.AF_UNIX)
    stream.connect(path)
    return stream


def tell(stream, **message):
    stream.sendall(json.dumps(message).encode() + b"\n")


def keep(order):
    """Starts the program and sees to its end; returns in the program's process alone."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    test = connected(order["socket"])
    pid = os.fork()
    if pid == 0:
        test.close()
        return
    try:
        tell(test, pid=pid)
        ends = select.poll()
        ends.register(os.pidfd_open(pid), select.POLLIN)
        ends.register(test, select.POLLIN)
        if any(end == test.fileno() for end, _ in ends.poll()):
            os.kill(pid, signal.SIGKILL)
        tell(test, code=os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    except BrokenPipeError:
        pass  # The test has heard enough.
    finally:
        os._exit(0)


def order_to_run():
    """The order that this process is to run; none where no more come."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # Not `sys.stdin`, which would have read more than a line, and is the program's.
    with os.fdopen(os.dup(0)) as orders:
        for line in orders:
            if os.fork() == 0:
                order = json.loads(line)
                keep(order)
                return order
    return None


def run(program, order):
    stream = connected(order["socket"])
    for own in (0, 1):
        os.dup2(stream.fileno(), own)
    stream.close()
    if order["silent"]:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 2)
        os.close(nothing)
    os.environ.update(order["environment"])
    sys.argv = [program, *order["arguments"]]
    runpy.run_path(program, run_name="__main__")


program = sys.argv[1]
sys.path[0] = os.path.dirname(program)
runpy.run_path(program, run_name="warm")
order = order_to_run()
if order is not None:
    run(program, order)
