# SPDX-License-Identifier: Apache-2.0
"""What all connections to the server share."""
import hashlib
import importlib.util
import json

SHOWN = 200       # characters of a value that a record shows
KEPT = 64 << 20   # characters of whole values that are kept for `value`


class World:
    """`changed` of the log guards it."""

    def __init__(self, log, users, databases, script=None):
        self.log, self.users, self.databases = log, users, databases
        self.rules, self.sessions, self.gates, self.kept = [], {}, set(), {}
        self.frozen = False  # nothing is answered
        self.strict = False  # what nothing answers is an error
        # Babelfish, and FreeTDS with it, lose a prepared statement whose first execution fails.
        self.handle_after_error = False
        self.script = load_script(script) if script else None
        self.last = 50     # the newest session's number; below are a server's own
        self.handles = 0

    def new_handle(self):
        with self.log.changed:
            self.handles += 1
            return self.handles

    def keep(self, number, call):
        self.kept[number] = call
        size = sum(len(value.value) for one in self.kept.values() for value in one.params
                   if isinstance(value.value, str))
        for oldest in list(self.kept)[:-1]:
            if size <= KEPT:
                break
            gone = self.kept.pop(oldest)
            size -= sum(len(value.value) for value in gone.params if isinstance(value.value, str))


def load_script(path):
    spec = importlib.util.spec_from_file_location("tds_script", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def describe(value):
    """A parameter for the record: short texts whole, long ones by their digest."""
    shown = {"name": value.name, "type": value.kind, "value": value.value}
    if isinstance(value.value, str):
        shown["chars"] = len(value.value)
        if len(value.value) > SHOWN:
            shown["value"] = value.value[:SHOWN] + "..."
            shown["sha256"] = hashlib.sha256(value.value.encode()).hexdigest()
        if value.value[:1] in ("[", "{"):
            try:
                shown["json"] = len(json.loads(value.value))
            except ValueError as bad:
                shown["bad_json"] = str(bad)
    return shown
