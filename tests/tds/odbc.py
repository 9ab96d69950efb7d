# SPDX-License-Identifier: Apache-2.0
"""unixODBC through ctypes: as a program in C uses it, each call and each result seen."""
import ctypes

ENV, DBC, STMT = 1, 2, 3
SUCCESS, WITH_INFO, NO_DATA = 0, 1, 100
C_CHAR, C_SBIGINT, BIGINT, WVARCHAR, WLONGVARCHAR = 1, -25, -5, -9, -10
NULL_DATA = -1
LOGIN_TIMEOUT, CONNECTION_DEAD, AUTOCOMMIT, QUERY_TIMEOUT = 103, 1209, 102, 0
LIBRARY = "libodbc.so.2"


def load():
    """The driver manager; OSError where it is not there."""
    return ctypes.CDLL(LIBRARY)


class Failed(Exception):
    """diagnostics: (SQLSTATE, native number, text) of each record."""

    def __init__(self, diagnostics):
        super().__init__("; ".join("%s/%d %s" % one for one in diagnostics))
        self.diagnostics = diagnostics

    def numbers(self):
        return [native for _, native, _ in self.diagnostics]


class Api:
    lib = None

    @classmethod
    def call(cls, name, *arguments):
        cls.lib = cls.lib or load()
        function = getattr(cls.lib, name)
        function.restype = ctypes.c_short
        return function(*arguments)


def allocate(kind, parent):
    handle = ctypes.c_void_p()
    if Api.call("SQLAllocHandle", kind, parent, ctypes.byref(handle)) not in (SUCCESS, WITH_INFO):
        raise MemoryError("SQLAllocHandle")
    return handle


def diagnostics(kind, handle):
    found, state, native = [], ctypes.create_string_buffer(6), ctypes.c_int()
    text, length = ctypes.create_string_buffer(4096), ctypes.c_short()
    while Api.call("SQLGetDiagRec", kind, handle, len(found) + 1, state, ctypes.byref(native), text, 4096,
                   ctypes.byref(length)) in (SUCCESS, WITH_INFO):
        found.append((state.value.decode(), native.value, text.value.decode("utf-8", "replace")))
    return found


class Connection:
    def __init__(self, string, login_timeout=10):
        self.env = allocate(ENV, None)
        Api.call("SQLSetEnvAttr", self.env, 200, ctypes.c_void_p(3), 0)
        self.handle = allocate(DBC, self.env)
        self.set(LOGIN_TIMEOUT, login_timeout)
        given = string.encode()
        status = Api.call("SQLDriverConnect", self.handle, None, given, len(given), None, 0, None, 0)
        if status not in (SUCCESS, WITH_INFO):
            told = diagnostics(DBC, self.handle)
            self.free()
            raise Failed(told)

    def set(self, attribute, value):
        return Api.call("SQLSetConnectAttr", self.handle, attribute, ctypes.c_void_p(value), 0)

    def dead(self):
        value = ctypes.c_uint()
        Api.call("SQLGetConnectAttr", self.handle, CONNECTION_DEAD, ctypes.byref(value), 4, None)
        return value.value == 1

    def statement(self):
        return Statement(self)

    def run(self, sql, *values):
        """All results of one statement; the first error in any of them is raised."""
        with self.statement() as statement:
            statement.execute(sql, *values)
            results = statement.drain()
        for result in results:
            if "error" in result:
                raise Failed(result["error"])
        return results

    def rows(self, sql, *values):
        return next(result["rows"] for result in self.run(sql, *values) if "rows" in result)

    def end(self, commit):
        """COMMIT or ROLLBACK by the driver: whether it said that it went well, and what it told."""
        status = Api.call("SQLEndTran", DBC, self.handle, 0 if commit else 1)
        return status in (SUCCESS, WITH_INFO), diagnostics(DBC, self.handle)

    def free(self):
        Api.call("SQLFreeHandle", DBC, self.handle)
        Api.call("SQLFreeHandle", ENV, self.env)

    def close(self):
        Api.call("SQLDisconnect", self.handle)
        self.free()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Statement:
    def __init__(self, connection):
        self.handle = allocate(STMT, connection.handle)
        self.status, self.bound = SUCCESS, []

    def timeout(self, seconds):
        Api.call("SQLSetStmtAttr", self.handle, QUERY_TIMEOUT, ctypes.c_void_p(seconds), 0)

    def bind(self, values):
        self.bound = []
        for place, value in enumerate(values, 1):
            kind, target = C_CHAR, WVARCHAR
            if isinstance(value, int):
                data, kind, target, size = ctypes.c_longlong(value), C_SBIGINT, BIGINT, 0
                room, length = 8, 8
            else:
                text = (value or "").encode()
                data, room = ctypes.create_string_buffer(text, len(text) + 1), len(text)
                length, size = NULL_DATA if value is None else len(text), 4000
                if len(text) > 4000:  # as WVARCHAR it would be cut at its size, in silence
                    target, size = WLONGVARCHAR, len(text)
            indicator = ctypes.c_ssize_t(length)
            self.bound.append((data, indicator))
            Api.call("SQLBindParameter", self.handle, place, 1, kind, target, ctypes.c_size_t(size), 0,
                     ctypes.byref(data), ctypes.c_ssize_t(room), ctypes.byref(indicator))

    def execute(self, sql, *values):
        self.bind(values)
        given = sql.encode()
        self.status = Api.call("SQLExecDirect", self.handle, given, len(given))

    def prepare(self, sql):
        given = sql.encode()
        self.status = Api.call("SQLPrepare", self.handle, given, len(given))
        return self.status in (SUCCESS, WITH_INFO)

    def again(self, *values):
        """Executes what was prepared; no values: those that are bound already."""
        if values:
            self.bind(values)
        self.status = Api.call("SQLExecute", self.handle)

    def drain(self):
        """Every result: {"rows": ...}, {"count": ...} or {"error": diagnostics}; reads to the last."""
        results = []
        while self.status != NO_DATA:
            told = diagnostics(STMT, self.handle)
            if self.status not in (SUCCESS, WITH_INFO):
                results.append({"error": told})
            else:
                results.append({**self.result(), "told": told})
            if len(results) > 100 or (results[-1].get("error") and not told):
                break
            self.status = Api.call("SQLMoreResults", self.handle)
            if self.status == -1 and results[-1].get("error") == diagnostics(STMT, self.handle):
                break
        return results

    def result(self):
        columns, count = ctypes.c_short(), ctypes.c_ssize_t()
        Api.call("SQLNumResultCols", self.handle, ctypes.byref(columns))
        if columns.value:
            return self.fetch(columns.value)
        Api.call("SQLRowCount", self.handle, ctypes.byref(count))
        return {"count": count.value}

    def fetch(self, columns):
        rows = []
        while True:
            status = Api.call("SQLFetch", self.handle)
            if status not in (SUCCESS, WITH_INFO):
                failed = {} if status == NO_DATA else {"error": diagnostics(STMT, self.handle)}
                return {"rows": rows, **failed}
            rows.append([self.cell(place) for place in range(1, columns + 1)])

    def cell(self, place):
        buffer, length, whole = ctypes.create_string_buffer(65536), ctypes.c_ssize_t(), b""
        while True:
            status = Api.call("SQLGetData", self.handle, place, C_CHAR, buffer, ctypes.c_ssize_t(65536),
                              ctypes.byref(length))
            if status not in (SUCCESS, WITH_INFO):
                return whole.decode()
            if length.value == NULL_DATA:
                return None
            whole += buffer.value
            if status == SUCCESS:
                return whole.decode()

    def cancel(self):
        return Api.call("SQLCancel", self.handle)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        Api.call("SQLFreeHandle", STMT, self.handle)
