# SPDX-License-Identifier: Apache-2.0
"""What /stub/stats tells."""
import collections
import threading
import time

from stub import limits


class Stats:
    def __init__(self):
        self.lock = threading.Lock()
        self.clear()
        self.open = self.crashes = 0

    def clear(self):
        self.begun = time.monotonic()
        self.requests, self.statuses, self.codes = (collections.Counter() for _ in range(3))
        self.faults, self.billed, self.entries = (collections.Counter() for _ in range(3))
        self.running = collections.Counter()
        self.peaks = collections.Counter()
        self.connections = self.peak_open = self.abandoned = self.billed_wire = 0
        self.bytes_in = self.bytes_out = self.good_signatures = 0
        self.second, self.in_second, self.busiest = 0, 0, 0

    def connection(self, by):
        with self.lock:
            self.open += by
            self.connections += by > 0
            self.peak_open = max(self.peak_open, self.open)

    def crashed(self):
        with self.lock:
            self.crashes += 1

    def signed(self):
        with self.lock:
            self.good_signatures += 1

    def fault(self, kind):
        with self.lock:
            self.faults[kind] += 1

    def begin(self, operation):
        with self.lock:
            self.requests[operation] += 1
            self.running[operation] += 1
            self.peaks[operation] = max(self.peaks[operation], self.running[operation])
            second = int(time.monotonic())
            self.in_second = self.in_second + 1 if second == self.second else 1
            self.second = second
            self.busiest = max(self.busiest, self.in_second)

    def end(self, operation, request, answer, call):
        with self.lock:
            self.running[operation] -= 1
            self.bytes_in += len(request.body)
            if not answer:
                self.abandoned += 1
                return
            self.statuses[str(answer.status)] += 1
            self.bytes_out += len(answer.body)
            if answer.code:
                self.codes[answer.code] += 1
            if call and answer.status == 200:
                self.billed[operation] += limits.units(call.size_in, call.size_out)
                self.billed_wire += limits.units(len(request.body), len(answer.body))
                self.entries[operation] += len(call.params.get("Entries", ())) or 1

    def show(self):
        with self.lock:
            return {"seconds": round(time.monotonic() - self.begun, 3), "requests": dict(self.requests),
                    "requests_total": sum(self.requests.values()), "statuses": dict(self.statuses),
                    "codes": dict(self.codes), "faults": dict(self.faults), "billed": dict(self.billed),
                    "billed_total": sum(self.billed.values()), "billed_wire": self.billed_wire,
                    "entries": dict(self.entries), "bytes_in": self.bytes_in, "bytes_out": self.bytes_out,
                    "running": {name: count for name, count in self.running.items() if count},
                    "peak_running": dict(self.peaks), "abandoned": self.abandoned,
                    "good_signatures": self.good_signatures, "connections": self.connections,
                    "connections_open": self.open, "peak_connections": self.peak_open,
                    "max_requests_per_second": self.busiest, "crashes": self.crashes}
