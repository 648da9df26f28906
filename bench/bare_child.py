"""A child that forbids itself nothing, for bench_hardening.py: what every job would cost without the guards.

``python -m bench.bare_child``, with the arguments of ``worker.child``. No worker can be told to start it.
"""

from unittest.mock import patch

from worker import child, guards, secret_memory

NO_SUCH_CALL = 100_000
"""Asked for by this number, the kernel has no memory that nobody reads."""

for name in ("forbid_traces", "lock_memory", "forbid_from_the_start", "forbid_words", "forbid_once_warm"):
    patch.object(guards, name, lambda *_arguments: None).start()
patch.object(secret_memory, "MEMFD_SECRET", NO_SUCH_CALL).start()

if __name__ == "__main__":
    child.main()
