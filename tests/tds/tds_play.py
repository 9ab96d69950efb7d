# SPDX-License-Identifier: Apache-2.0
"""A session's transactions, what lasts of them, and the steps of a rule."""
import tds_errors
import tds_rules
from tds_answer import BEGIN, COMMIT, ROLLBACK
from tds_link import Link, Swallowed


class Player(Link):
    def __init__(self, world, socket):
        super().__init__(world, socket)
        self.user = self.database = ""
        self.depth = 0         # @@TRANCOUNT
        self.descriptor = 0    # of the transaction that the client was told of
        self.pending = []      # effects that wait for the commit
        self.xact_abort = False

    # ---- Transactions and what lasts

    def begin(self, answer):
        self.depth += 1
        if self.depth == 1:
            self.descriptor = self.number << 32 | len(self.log.records) + 1
            answer.environment(BEGIN, self.descriptor.to_bytes(8, "little"), b"")

    def leave(self, answer, kind):
        old, self.depth, self.descriptor = self.descriptor, 0, 0
        if answer is not None and old:
            answer.environment(kind, b"", old.to_bytes(8, "little"))

    def commit(self, answer):
        if self.depth == 0:
            self.error(answer, 3902)
            return
        if self.depth > 1:
            self.depth -= 1
            return
        self.leave(answer, COMMIT)
        pending, self.pending = self.pending, []
        for effect in pending:
            self.settle(**effect)
        self.log.add("commit", session=self.number, effects=len(pending))

    def rollback(self, answer, why="asked"):
        if self.depth == 0:
            if answer is not None:
                self.error(answer, 3903)
            return
        self.leave(answer, ROLLBACK)
        self.log.add("rollback", session=self.number, lost=len(self.pending), why=why)
        self.pending = []

    def effect(self, name, value, function, call):
        effect = {"name": name, "value": value, "function": function, "call": call}
        if self.depth:
            self.pending.append(effect)
        else:
            self.settle(**effect)

    def settle(self, name, value, function, call):
        if function:
            with self.log.changed:  # a script's world has one writer at a time
                function(call)
        self.log.add("effect", session=self.number, name=name, value=value,
                     call=getattr(call, "number", None))

    def names(self):
        return {"user": self.user, "database": self.database, "process": self.number}

    def error(self, answer, given):
        message = tds_errors.build(given, self.names())
        if self.depth and (message.doomed or (self.xact_abort and message.severity > 10)):
            self.rollback(answer, "error %d" % message.number)
        answer.error(message)

    # ---- Steps

    def perform(self, steps, answer, call, default):
        for step in steps:
            verb = tds_rules.check_step(step)
            getattr(self, "step_" + verb)(step, answer, call, default)

    def step_default(self, _step, answer, _call, default):
        default(answer)

    def step_rows(self, step, answer, _call, _default):
        answer.rows(step["columns"], step["rows"])

    def step_count(self, step, answer, _call, _default):
        answer.count(step["count"])

    def step_error(self, step, answer, _call, _default):
        self.error(answer, step["error"])

    def step_info(self, step, answer, _call, _default):
        given = step["info"] if isinstance(step["info"], dict) else {"number": 0, "text": str(step["info"])}
        answer.info(tds_errors.build({"severity": 0, **given}, self.names()))

    def step_status(self, step, answer, _call, _default):
        answer.status = step["status"]

    def step_effect(self, step, _answer, call, _default):
        self.effect(step["effect"], step.get("value"), step.get("call"), call)

    def step_begin(self, _step, answer, _call, _default):
        self.begin(answer)

    def step_commit(self, _step, answer, _call, _default):
        self.commit(answer)

    def step_rollback(self, _step, answer, _call, _default):
        self.rollback(answer)

    def step_flush(self, _step, answer, _call, _default):
        self.flush(answer)

    def step_wait(self, step, _answer, _call, _default):
        self.wait(step["wait"], lambda: False, step.get("deaf", False))

    def step_hang(self, step, _answer, _call, _default):
        self.wait(None, lambda: False, step.get("deaf", False))

    def step_gate(self, step, _answer, _call, _default):
        self.log.add("waiting", session=self.number, gate=step["gate"])
        self.wait(None, lambda: step["gate"] in self.world.gates, step.get("deaf", False))

    def step_cut(self, step, answer, _call, _default):
        self.cut(answer, step["cut"], step.get("keep", 0))

    def step_swallow(self, _step, _answer, _call, _default):
        raise Swallowed()
