"""How a defect of this program is logged: where it happened and of which kind, never with which values."""

import traceback


def trace(error: BaseException) -> str:
    """The kind of ``error`` and the lines that led to it. Its message is left out: it may quote what somebody sent."""
    return f"{type(error).__name__}\n{''.join(traceback.format_tb(error.__traceback__))}"
