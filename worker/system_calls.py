"""System calls by name: which the filters of a child name, and their numbers on the two machines it runs on.

Numbers are the kernel's (arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h); a dash is a call
that the machine does not have.
"""

import platform
from typing import Final

Calls = dict[str, tuple[int | None, int | None]]
"""By name: the numbers on x86_64 and on aarch64."""
MACHINES: Final = ("x86_64", "aarch64")


def _calls(table: str) -> Calls:
    rows = (row.split() for row in table.strip().rstrip(",").split(","))
    return {name: (_number(x86), _number(arm)) for name, x86, arm in rows}


def _number(text: str) -> int | None:
    return None if text == "-" else int(text)


def numbers(calls: Calls, machine: str = platform.machine()) -> list[int]:
    """The numbers of ``calls`` on this machine, one of ``MACHINES``."""
    found = (pair[MACHINES.index(machine)] for pair in calls.values())
    return [number for number in found if number is not None]


RINGS: Final = _calls("io_uring_setup 425 425, io_uring_enter 426 426, io_uring_register 427 427")
"""They do what other calls do, past any filter."""

SOCKETS: Final = _calls("""
    socket 41 198, socketpair 53 199, connect 42 203, bind 49 200, listen 50 201, accept 43 202, accept4 288 242,
    sendto 44 206, sendmsg 46 211, sendmmsg 307 269, recvmsg 47 212, recvmmsg 299 243,
""")

PROCESSES: Final = _calls("""
    fork 57 -, vfork 58 -, execve 59 221, execveat 322 281, ptrace 101 117, process_vm_readv 310 270,
    process_vm_writev 311 271, process_madvise 440 440, process_mrelease 448 448, pidfd_open 434 434,
    pidfd_getfd 438 438, pidfd_send_signal 424 424, kill 62 129, kcmp 312 272, setns 308 268, unshare 272 97,
    personality 135 92,
""")
"""New processes, and other ones. Threads are another matter (``clone``)."""

KERNEL: Final = _calls("""
    bpf 321 280, userfaultfd 323 282, perf_event_open 298 241, add_key 248 217, request_key 249 218, keyctl 250 219,
    mount 165 40, umount2 166 39, pivot_root 155 41, move_mount 429 429, open_tree 428 428, fsopen 430 430,
    fsconfig 431 431, fsmount 432 432, fspick 433 433, mount_setattr 442 442, chroot 161 51, swapon 167 224,
    swapoff 168 225, reboot 169 142, kexec_load 246 104, kexec_file_load 320 294, init_module 175 105,
    finit_module 313 273, delete_module 176 106, acct 163 89, quotactl 179 60, quotactl_fd 443 443,
    name_to_handle_at 303 264, open_by_handle_at 304 265, fanotify_init 300 262, syslog 103 116,
    settimeofday 164 170, clock_settime 227 112, sethostname 170 161, setdomainname 171 162, iopl 172 -,
    ioperm 173 -,
""")
"""The kernel's own affairs."""

OUTLIVING: Final = _calls("""
    shmget 29 194, shmat 30 196, shmctl 31 195, msgget 68 186, msgsnd 69 189, msgrcv 70 188, semget 64 190,
    semop 65 193, mq_open 240 180, mq_unlink 241 181, memfd_create 319 279, vmsplice 278 75, splice 275 76, tee 276 77,
    sendfile 40 71,
""")
"""Memory that outlives the process or leaves it."""

FILES: Final = _calls("""
    creat 85 -, rename 82 -, renameat 264 38, renameat2 316 276, unlink 87 -, unlinkat 263 35, rmdir 84 -, link 86 -,
    linkat 265 37, symlink 88 -, symlinkat 266 36, mkdir 83 -, mkdirat 258 34, mknod 133 -, mknodat 259 33,
    truncate 76 45, ftruncate 77 46, fallocate 285 47, chmod 90 -, fchmod 91 52, fchmodat 268 53, fchmodat2 452 452,
    chown 92 -, fchown 93 55, lchown 94 -, fchownat 260 54, utime 132 -, utimes 235 -, utimensat 280 88,
    futimesat 261 -, setxattr 188 5, lsetxattr 189 6, fsetxattr 190 7, removexattr 197 14, lremovexattr 198 15,
    fremovexattr 199 16,
""")
"""All that changes a file system without opening a file."""

OPEN: Final = _calls("open 2 -")
OPENAT: Final = _calls("openat 257 56")
OPENAT2: Final = _calls("openat2 437 437")
CLONE: Final = _calls("clone 56 220")
CLONE3: Final = _calls("clone3 435 435")
SOCKET: Final = _calls("socket 41 198")
MAPPING: Final = _calls("mmap 9 222, mprotect 10 226")

DRAWING: Final = _calls("""
    read 0 63, readv 19 65, write 1 64, writev 20 66, close 3 57, brk 12 214, munmap 11 215, mremap 25 216,
    madvise 28 233, futex 202 98, futex_waitv 449 449, sched_yield 24 124, sched_getaffinity 204 123, getcpu 309 168,
    rt_sigprocmask 14 135, rt_sigaction 13 134, rt_sigreturn 15 139, sigaltstack 131 132, restart_syscall 219 128,
    getrandom 318 278, clock_gettime 228 113, clock_nanosleep 230 115, nanosleep 35 101, gettimeofday 96 169,
    getpid 39 172, getppid 110 173, gettid 186 178, membarrier 324 283, rseq 334 293, set_robust_list 273 99,
    exit 60 93, exit_group 231 94,
""")
"""All that a warm child on the processor still needs: its pipes, memory, threads that exist, randomness, time, exit."""

SECCOMP: Final = _calls("seccomp 317 277")
