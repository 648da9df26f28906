"""What a child forbids itself, as things to do: each does one and undoes it, or raises OSError where it is refused.

``python -m tests.unit.worker.attempts GUARD ATTEMPT...``, run in an empty folder, does them, puts the guard up, does
them again, and prints by attempt what became of it before and after: ``done``, or the name of the error.
"""

import errno
import json
import mmap
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from tests.unit.worker.guards_by_name import GUARDS
from worker import libc, seccomp, system_calls
from worker.system_calls import Calls

PTRACE_SEIZE, PTRACE_DETACH, PTRACE_INTERRUPT = 0x4206, 17, 0x4207
ANY_CHILD: Final = 0x40000000
GET_KEYRING, THREAD_KEYRING, MAKE = 0, -1, 1
PRIVATE, REMOVE = 0, 0
CLONE_WITHOUT_MEMORY: Final = 0x0800  # CLONE_SIGHAND alone: the kernel says EINVAL, and starts nothing
READABLE_TWO: Final = mmap.PROT_READ | mmap.PROT_WRITE
SHARED: Final = Path("/dev/shm")  # what must stay untouched


class Bystanders:
    """Who is there before the guard: a process to look into, a listening port, a thread."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(["/bin/sleep", "20"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.port = socket.create_server(("127.0.0.1", 0))
        self.errands: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.outcomes: SimpleQueue[OSError | None] = SimpleQueue()
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        while True:
            try:
                self.errands.get()()
                self.outcomes.put(None)
            except OSError as error:
                self.outcomes.put(error)

    def leave(self) -> None:
        """End what was started, but for the thread, which ends with the process."""
        self.process.kill()
        self.process.wait()
        self.port.close()

    def in_thread(self, errand: Callable[[], None]) -> None:
        """Do it in the older thread."""
        self.errands.put(errand)
        if error := self.outcomes.get(timeout=10):
            raise error


def call(table: Calls, name: str, *arguments: int) -> int:
    """One system call by its name."""
    return libc.syscall(system_calls.numbers({name: table[name]})[0], *arguments)


def refused_anyway(table: Calls, name: str, *arguments: int) -> None:
    """A call that the kernel answers with another error than EPERM when no filter stands before it."""
    try:
        call(table, name, *arguments)
    except OSError as error:
        if error.errno in {errno.EPERM, errno.ENOSYS}:
            raise


def make_socket(*kind: int) -> None:
    socket.socket(*kind).close()


def connect(there: Bystanders) -> None:
    with socket.create_connection(there.port.getsockname()):
        there.port.accept()[0].close()


def pair() -> None:
    for end in socket.socketpair():
        end.close()


def fork() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def run() -> None:
    subprocess.run(["/bin/true"], check=True)


def trace(pid: int) -> None:
    call(system_calls.PROCESSES, "ptrace", PTRACE_SEIZE, pid, 0, 0)
    call(system_calls.PROCESSES, "ptrace", PTRACE_INTERRUPT, pid, 0, 0)
    os.waitpid(pid, ANY_CHILD)
    call(system_calls.PROCESSES, "ptrace", PTRACE_DETACH, pid, 0, 0)


def start_thread() -> None:
    try:
        thread = threading.Thread(target=str)
        thread.start()
    except RuntimeError as error:  # Python's word for it
        raise OSError(errno.EAGAIN, "no thread") from error
    thread.join()


def shared_segment() -> None:
    segment = call(system_calls.OUTLIVING, "shmget", PRIVATE, mmap.PAGESIZE, 0o600)
    call(system_calls.OUTLIVING, "shmctl", segment, REMOVE, 0)


def memory_file() -> None:
    os.close(os.memfd_create("memory"))


def ring() -> None:
    parameters = libc.Buffer(bytes(120))
    os.close(call(system_calls.RINGS, "io_uring_setup", 1, parameters.address))


def open_and_close(path: Path, flags: int) -> None:
    os.close(os.open(path, flags, 0o600))


def make_file(folder: Path) -> None:
    path = folder / f"attempt-{os.getpid()}"
    open_and_close(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    path.unlink()


def write_file() -> None:
    Path("file").write_bytes(b"x")


def make_folder() -> None:
    Path("folder").mkdir()
    Path("folder").rmdir()


def make_link() -> None:
    Path("link").symlink_to("file")
    Path("link").unlink()


def rename() -> None:
    Path("file").rename("other")
    Path("other").rename("file")


def make_fifo() -> None:
    os.mkfifo("fifo")
    Path("fifo").unlink()


def make_pipe() -> None:
    for end in os.pipe():
        os.close(end)


def other_numbers(name: str) -> None:
    """A call by its number for 32-bit pointers on x86_64; on aarch64 by one that nobody has."""
    (number,) = system_calls.numbers({name: system_calls.DRAWING[name]})
    libc.syscall(seccomp.X32 | number)


def runnable_memory() -> None:
    mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_EXEC).close()


def memory_made_runnable() -> None:
    address = libc.map_pages(mmap.PAGESIZE, READABLE_TWO, mmap.MAP_PRIVATE | mmap.MAP_ANON)
    call(system_calls.MAPPING, "mprotect", address, mmap.PAGESIZE, mmap.PROT_READ | mmap.PROT_EXEC)


def attempts(there: Bystanders) -> dict[str, Callable[[], object]]:
    """By name, what is tried."""
    pid = there.process.pid
    file = Path("file")
    return {
        "an IPv4 socket": lambda: make_socket(socket.AF_INET),
        "an IPv6 socket": lambda: make_socket(socket.AF_INET6),
        "a netlink socket": lambda: make_socket(socket.AF_NETLINK, socket.SOCK_RAW),
        "a local socket": lambda: make_socket(socket.AF_UNIX),
        "a pair of sockets": pair,
        "a connection": lambda: connect(there),
        "a socket in an older thread": lambda: there.in_thread(lambda: make_socket(socket.AF_INET)),
        "io_uring": ring,
        "fork": fork,
        "a program": run,
        "another program instead": lambda: refused_anyway(system_calls.PROCESSES, "execve", 0, 0, 0),
        "clone of a process": lambda: refused_anyway(system_calls.CLONE, "clone", CLONE_WITHOUT_MEMORY, 0, 0, 0, 0),
        "clone3": lambda: refused_anyway(system_calls.CLONE3, "clone3", 0, 0),
        "a thread": start_thread,
        "tracing": lambda: trace(pid),
        "another's memory": lambda: call(system_calls.PROCESSES, "process_vm_readv", pid, 0, 0, 0, 0, 0),
        "another's descriptors": lambda: os.close(call(system_calls.PROCESSES, "pidfd_open", pid, 0)),
        "a signal": lambda: os.kill(pid, signal.SIGCONT),
        "a keyring": lambda: call(system_calls.KERNEL, "keyctl", GET_KEYRING, THREAD_KEYRING, MAKE),
        "bpf": lambda: refused_anyway(system_calls.KERNEL, "bpf", 0, 0, 0),
        "userfaultfd": lambda: os.close(call(system_calls.KERNEL, "userfaultfd", os.O_CLOEXEC)),
        "perf events": lambda: refused_anyway(system_calls.KERNEL, "perf_event_open", 0, 0, 0, 0, 0),
        "mount": lambda: refused_anyway(system_calls.KERNEL, "mount", 0, 0, 0, 0, 0),
        "a shared segment": shared_segment,
        "a file in memory": memory_file,
        "a new file": lambda: make_file(Path()),
        "a file in shared memory": lambda: make_file(SHARED),
        "a file without a name": lambda: open_and_close(Path(), os.O_TMPFILE | os.O_WRONLY),
        "a byte into a file": write_file,
        "opening for writing": lambda: open_and_close(file, os.O_WRONLY),
        "opening for both": lambda: open_and_close(file, os.O_RDWR),
        "opening for appending": lambda: open_and_close(file, os.O_WRONLY | os.O_APPEND),
        "opening cut to nothing": lambda: open_and_close(file, os.O_TRUNC),
        "openat2": lambda: refused_anyway(system_calls.OPENAT2, "openat2", 0, 0, 0, 0),
        "a folder": make_folder,
        "a link": make_link,
        "renaming": rename,
        "a fifo": make_fifo,
        "other rights on a file": lambda: file.chmod(0o600),
        "another time on a file": lambda: os.utime(file),
        "cutting a file": lambda: os.truncate(file, 0),
        "reading a file": lambda: open_and_close(file, os.O_RDONLY),
        "reading what is not its own": lambda: open_and_close(Path("/etc/passwd"), os.O_RDONLY),
        "listing a folder": lambda: list(Path().iterdir()),
        "listing the top": lambda: list(Path("/").iterdir()),
        "runnable memory": runnable_memory,
        "memory made runnable": memory_made_runnable,
        "prctl": lambda: libc.prctl(3),
        "a pipe": make_pipe,
        "a word of output": lambda: os.write(1, b""),
        "a word of error": lambda: os.write(2, b""),
        "a number beside the table": lambda: other_numbers("getpid"),
        "randomness": lambda: os.urandom(32),
        "memory": lambda: bytearray(2**24),
    }


def outcome(attempt: Callable[[], object]) -> str:
    """What became of it."""
    try:
        attempt()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    return "done"


def main(guard: str, names: list[str]) -> None:
    """Try, guard, try again."""
    Path("file").write_bytes(b"")
    answer = os.fdopen(os.dup(1), "w")
    there = Bystanders()
    try:
        known = attempts(there)
        before = {name: outcome(known[name]) for name in names}
        GUARDS[guard]()
        after = {name: outcome(known[name]) for name in names}
        answer.write(json.dumps({name: (before[name], after[name]) for name in names}))
        answer.flush()
    finally:
        os._exit(0)  # the thread is not waited for; the process of its own ends with its time


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
