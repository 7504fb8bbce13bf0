"""The entry point; it loads nothing itself, so that Ctrl-C is answered while everything else is being loaded."""

import sys


def run() -> None:
    """Run the command line; the entry point of ``chainrule``."""
    message = "interrupted; nothing was written."
    try:
        from chainrule.app.standard_streams import open_closed_streams

        open_closed_streams()
        from chainrule.app.commands import main

        message = "interrupted."  # Ctrl-C once more, while the command answered the first
        status = main(sys.argv[1:])
    except KeyboardInterrupt:
        from chainrule.app.exit_status import ExitStatus
        from chainrule.app.standard_streams import say

        say(message)
        status = ExitStatus.INTERRUPTED
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done and said; what is left is Python's own end
    sys.exit(status)
