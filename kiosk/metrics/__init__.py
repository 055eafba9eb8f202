"""What programs that watch read at /metrics: numbers and states, never a person.

It counts what happens as long as the program runs, and reads what is a state when it is asked.
"""

from kiosk.metrics.metrics import Metrics
from kiosk.metrics.watch import watch_kiosk, watch_server

__all__ = ["Metrics", "watch_kiosk", "watch_server"]
