# SPDX-License-Identifier: Apache-2.0
"""The port where clients come, of the server and of the proxy: it can be shut, and opened again."""
import threading

import tds_control
from tds_wire import hang_up


class Door:
    """taken: function(socket), for each client."""

    def __init__(self, taken, port=0):
        self.taken = taken
        self.place = tds_control.bound(port)  # nobody else's while the door is shut
        self.port = self.place.getsockname()[1]
        self.listener = tds_control.listen(self.port)

    def start(self):
        threading.Thread(target=self.take, args=(self.listener,), daemon=True).start()

    def take(self, listener):
        while True:
            try:
                link, _ = listener.accept()
            except OSError:
                return
            self.taken(link)

    # ---- Verbs

    def refuse(self, _request):
        hang_up(self.listener)  # shutdown wakes the thread that accepts

    def accept(self, _request):
        self.listener = tds_control.listen(self.port)
        self.start()
