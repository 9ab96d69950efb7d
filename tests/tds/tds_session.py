# SPDX-License-Identifier: Apache-2.0
"""One client's requests: the login, batches, procedures, transactions; each is recorded, judged, answered."""
import traceback

import tds_builtin
import tds_errors
import tds_request as requests
import tds_rules
import tds_wire as wire
from tds_answer import DATABASE, LANGUAGE, PACKET_SIZE, Answer
from tds_link import ROOM, Cancelled, Cut, Swallowed
from tds_play import Player
from tds_world import describe

BY_DEFAULT = [{"default": True}]


class Session(Player):
    def __init__(self, world, socket):
        super().__init__(world, socket)
        self.prepared = {}
        self.admitted = False

    def run(self):
        outcome = "closed"
        try:
            while True:
                self.wait(None, lambda: self.attention or (self.inbox and not self.world.frozen))
                if self.attention:
                    self.acknowledge(Answer())
                else:
                    self.work()
        except Cut as cut:
            outcome = "gone" if self.gone else "reset" if cut.reset else "cut"
        except wire.NotTds as bad:
            self.violation(str(bad))
            self.refuse(str(bad))
        except Exception as bad:  # of a script, or of a rule's values
            outcome = "broken"
            self.log.add("broken", session=self.number, what=repr(bad), where=traceback.format_exc())
        finally:
            self.leave_world(outcome)

    def work(self):
        try:
            self.handle(*self.inbox.pop(0))
        except Cancelled:  # and acknowledged: the rest of the request is not done
            pass

    def leave_world(self, outcome):
        if self.depth:
            self.rollback(None, outcome)
        wire.hang_up(self.socket, outcome == "reset")
        with self.log.changed:
            self.world.sessions.pop(self.number, None)
        self.log.add("close", session=self.number, how=outcome)

    def refuse(self, what):
        """A stream that is wrong ends the connection, with SQL Server's words for a wrong RPC stream."""
        answer = Answer()
        self.error(answer, {"number": 8016, "value": what})
        answer.end()
        try:
            self.send(answer.data, True)
        except Cut:
            pass

    def acknowledge(self, answer):
        """[MS-TDS] Attention: one DONE with its bit, however far the answer has got."""
        self.attention = False
        if self.depth and self.xact_abort:
            self.rollback(answer, "attention")
        answer.end_cancelled()
        self.send(answer.data, True)

    # ---- Requests

    def handle(self, kind, status, payload):
        if status & (wire.RESET_CONNECTION | wire.RESET_KEEP_TRANSACTION):
            self.log.add("reset", session=self.number)
        if kind == wire.PRELOGIN:
            self.prelogin(payload)
        elif kind == wire.LOGIN7:
            self.login(requests.Login(payload))
        elif not self.admitted:
            raise wire.NotTds("a %s before the login" % wire.KINDS[kind])
        elif kind == wire.SQL_BATCH:
            descriptor, sql = requests.read_batch(payload)
            self.exchange(descriptor, [requests.Call("batch", sql)])
        elif kind == wire.RPC:
            descriptor, calls = requests.read_calls(payload)
            self.exchange(descriptor, [self.unwrap(name, params) for name, params in calls])
        elif kind == wire.TRANSACTION:
            descriptor, number, again = requests.read_transaction(payload)
            self.exchange(descriptor, [requests.Call("transaction", requests.TM_SQL[number], again=again)])
        else:
            raise wire.NotTds("a %s, which this server does not know" % wire.KINDS[kind])

    def pick(self, on, text, params=()):
        with self.log.changed:
            return tds_rules.pick(self.world.rules, on, text, params)

    def prelogin(self, payload):
        options = requests.read_prelogin(payload)
        self.log.add("prelogin", session=self.number,
                     encryption=options.get(requests.OPTION_ENCRYPTION, b"\2")[0])
        self.greet(self.pick("prelogin", ""), Answer(), lambda answer: answer.put(requests.prelogin_answer()))

    def login(self, login):
        self.user, self.database = login.user, login.database or "master"
        self.log.add("login", session=self.number, user=login.user, database=login.database,
                     application=login.application, host=login.host, tds="%08x" % login.version,
                     password_is_right=self.world.users.get(login.user) == login.password)
        answer = Answer()
        self.greet(self.pick("login", login.user), answer, lambda ready: self.admit(login, ready), ends=True)
        if answer.failure:
            raise Cut(False)
        self.admitted = True
        self.room = packet_size(login)

    def greet(self, rule, answer, default, ends=False):
        """Answers a request that comes before any statement."""
        try:
            self.perform(rule.steps if rule else BY_DEFAULT, answer, None, default)
            if ends:
                answer.end()
            self.send(answer.data, True)
        except Swallowed:
            self.mute = True
        if rule and rule.then:
            raise Cut(rule.then == "reset")

    def admit(self, login, answer):
        if self.world.users.get(login.user) != login.password:
            self.error(answer, 18456)
        elif self.database not in self.world.databases:
            self.error(answer, 4060)
            self.error(answer, 18456)
        else:
            answer.environment(DATABASE, self.database, "master")
            answer.info(tds_errors.Message(5701, 10, 2, "Changed database context to '%s'." % self.database))
            answer.collation()
            answer.environment(LANGUAGE, "us_english", "")
            answer.info(tds_errors.Message(5703, 10, 1, "Changed language setting to us_english."))
            answer.login_ack()
            answer.environment(PACKET_SIZE, str(packet_size(login)), str(ROOM))

    # ---- Statements

    def unwrap(self, name, params):
        """A Call with the SQL that a procedure carries."""
        values = [param.value for param in params]
        if name == "sp_executesql" and values:
            return requests.Call(name, values[0] or "", values[1] if len(values) > 1 else "", params[2:])
        if name in ("sp_prepare", "sp_prepexec") and len(values) >= 3:
            rest = params[3:] if name == "sp_prepexec" else []
            return requests.Call(name, values[2] or "", values[1] or "", rest, self.world.new_handle())
        if name in ("sp_execute", "sp_unprepare") and values:
            sql, declares = self.prepared.get(values[0], ("", ""))
            known = values[0] in self.prepared
            return requests.Call(name, sql, declares, params[1:], values[0], broken=None if known else 8179)
        return requests.Call(name, "EXEC " + name, "", params)

    def tell(self, call, descriptor):
        """Records a statement; the rule for it."""
        call.session = self
        call.number = self.log.add("sql", session=self.number, how=call.how, sql=call.sql,
                                   declares=call.declares, handle=call.handle,
                                   params=[describe(value) for value in call.params],
                                   in_transaction=self.depth > 0)
        self.world.keep(call.number, call)
        if descriptor not in (None, self.descriptor):  # [MS-TDS] Transaction Descriptor Header
            self.violation("a request for transaction %d within %d" % (descriptor, self.descriptor))
        return self.pick(call.on(), call.sql, call.params)

    def exchange(self, descriptor, calls):
        answer = Answer()
        for call in calls[:-1]:  # arrays of parameters
            self.step_through(descriptor, call, answer, more=True)
        rule = self.step_through(descriptor, calls[-1], answer, more=False)
        if answer.failure and answer.failure.closes:
            raise Cut(False)
        if rule and rule.then:
            raise Cut(rule.then == "reset")

    def step_through(self, descriptor, call, answer, more):
        """One statement from its record to its answer, which goes out with a request's last; its rule."""
        rule, how = self.tell(call, descriptor), "cut"
        answer.start(call.procedure)
        try:
            self.perform(rule.steps if rule else BY_DEFAULT, answer, call,
                         lambda ready: self.default(call, ready))
            self.finish(answer, call, more)
            if not more:
                self.send(answer.data, True)
            how = "failed" if answer.failure else "answered"
        except Swallowed:
            self.mute, how = True, "swallowed"
        except Cancelled:
            how = "cancelled"
            self.acknowledge(answer)
            raise
        finally:
            self.log.add("done", session=self.number, call=call.number, how=how,
                         rule=rule.name if rule else None,
                         error=answer.failure.number if answer.failure else None)
        return rule

    def default(self, call, answer):
        if call.broken:
            self.error(answer, {"number": call.broken, "value": call.handle})
        elif tds_builtin.bad_json(call):
            self.error(answer, {"number": 13609, "value": tds_builtin.bad_json(call)})
        elif call.how not in ("sp_prepare", "sp_unprepare"):
            self.default_steps(call, answer)

    def default_steps(self, call, answer):
        steps = self.world.script.answer(call) if self.world.script else None
        pieces, row = tds_builtin.pieces(call.sql), tds_builtin.select(call)
        if steps is not None:
            self.perform(steps, answer, call, lambda ready: None)
        elif pieces:
            for name, match in pieces:
                getattr(self, "do_" + name)(match, answer)
                answer.end_statement()
            if call.again:
                self.begin(answer)
        elif row:
            answer.rows(row["columns"], row["rows"])
        elif call.on() == "call":
            self.error(answer, {"number": 2812, "procedure": call.how})
        elif self.world.strict:
            self.error(answer, {"number": 50000, "value": "No rule answers this: " + call.sql[:100]})

    def finish(self, answer, call, more):
        """What a procedure says after its results: its status, and the handle of what was prepared."""
        if call.procedure:
            failure = answer.failure
            answer.return_status(failure.number if failure else answer.status)
            if call.how in ("sp_prepare", "sp_prepexec"):
                if failure is None or (failure.compiles and self.world.handle_after_error):
                    self.prepared[call.handle] = (call.sql, call.declares)
                    answer.return_value("", "int", call.handle)
            elif call.how == "sp_unprepare":
                self.prepared.pop(call.handle, None)
        answer.end(more)

    # ---- What plain batches do, see tds_builtin.PIECES

    def do_set_option(self, match, _answer):
        if match.group(1).lower() == "xact_abort":
            self.xact_abort = match.group(2).strip().lower() == "on"

    def do_begin(self, _match, answer):
        self.begin(answer)

    def do_commit(self, _match, answer):
        self.commit(answer)

    def do_rollback(self, _match, answer):
        self.rollback(answer)

    def do_end_if(self, match, answer):
        if self.depth:
            (self.commit if match.group(1).lower() == "commit" else self.rollback)(answer)

    def do_use(self, match, answer):
        name = match.group(1).strip("[]")
        if name not in self.world.databases:
            self.error(answer, {"number": 911, "database": name})
            return
        old, self.database = self.database, name
        answer.environment(DATABASE, name, old)
        answer.info(tds_errors.Message(5701, 10, 2, "Changed database context to '%s'." % name))


def packet_size(login):
    return max(512, min(login.packet_size or ROOM, wire.LONGEST_PACKET))
