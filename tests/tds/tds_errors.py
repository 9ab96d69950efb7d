# SPDX-License-Identifier: Apache-2.0
"""Errors as SQL Server says them: number, severity, state, text.

Where from. 515, 547, 1101, 1105, 1205, 1222, 2601, 2627, 2628, 4060, 8114, 8115: severity and text as in
Microsoft's list "Database Engine events and errors"; 2601 and 2627 with the value that newer servers add.
10928 to 49920, first sentences: "Error messages for SQL Database client programs" of Azure's documentation.
596: the same list, but with the severity 21 that ends the session. All others are general knowledge and
were not looked up. A state is what servers commonly send: it differs from place to place in the server, so
that nothing may rely on it. Which errors doom a transaction or are followed by 3621 is general knowledge
too.

An SQLSTATE is not on the wire: the driver makes it up from the number or else from the severity. The one
here is what FreeTDS 1.3.17 is seen to say, which the test holds to.
"""

# What comes after an error that ended one statement and not its transaction.
TERMINATED = (3621, 0, 0, "The statement has been terminated.")

# What a text names where a script says nothing else.
NAMES = {"user": "scanpipe", "database": "scans", "server": "tds-test", "schema": "dbo",
         "table": "ParcelSummary", "column": "Barcode", "constraint": "PK_ParcelSummary", "value": "X",
         "action": "INSERT", "process": "51", "index": "IX_ParcelSummary", "permission": "INSERT",
         "procedure": "sp_unknown", "near": "FROM", "type": "int", "reason": "LOG_BACKUP", "code": "40143"}


class Kind:
    """One number: how severe, and what it does beside being told."""

    def __init__(self, severity, state, sqlstate, text, terminated=False, doomed=False, compiles=True):
        self.severity, self.state, self.sqlstate, self.text = severity, state, sqlstate, text
        self.terminated = terminated  # followed by 3621
        self.doomed = doomed          # the transaction is rolled back by the server, whatever XACT_ABORT says
        self.compiles = compiles      # False: told before anything runs, so that nothing was prepared either


KINDS = {
    102: Kind(15, 1, "42000", "Incorrect syntax near '{near}'.", compiles=False),
    207: Kind(16, 1, "42S22", "Invalid column name '{column}'.", compiles=False),
    208: Kind(16, 1, "42S02", "Invalid object name '{schema}.{table}'.", compiles=False),
    229: Kind(14, 5, "42000", "The {permission} permission was denied on the object '{table}', database "
              "'{database}', schema '{schema}'."),
    241: Kind(16, 1, "22007", "Conversion failed when converting date and/or time from character string."),
    515: Kind(16, 2, "23000", "Cannot insert the value NULL into column '{column}', table "
              "'{database}.{schema}.{table}'; column does not allow nulls. {action} fails.", terminated=True),
    547: Kind(16, 0, "23000", "The {action} statement conflicted with the CHECK constraint \"{constraint}\". "
              "The conflict occurred in database \"{database}\", table \"{schema}.{table}\", column "
              "'{column}'.", terminated=True),
    596: Kind(21, 1, "42000", "Cannot continue the execution because the session is in the kill state."),
    701: Kind(17, 123, "42000", "There is insufficient system memory in resource pool 'default' to run this "
              "query."),
    802: Kind(17, 0, "42000", "There is insufficient memory available in the buffer pool."),
    911: Kind(16, 1, "08004", "Database '{database}' does not exist. Make sure that the name is entered "
              "correctly."),
    916: Kind(14, 1, "42000", "The server principal \"{user}\" is not able to access the database "
              "\"{database}\" under the current security context."),
    1101: Kind(17, 12, "42000", "Could not allocate a new page for database '{database}' because of "
               "insufficient disk space in filegroup 'PRIMARY'. Create the necessary space by dropping "
               "objects in the filegroup, adding additional files to the filegroup, or setting autogrowth on "
               "for existing files in the filegroup."),
    1105: Kind(17, 2, "42000", "Could not allocate space for object '{schema}.{table}' in database "
               "'{database}' because the 'PRIMARY' filegroup is full. Create disk space by deleting unneeded "
               "files, dropping objects in the filegroup, adding additional files to the filegroup, or "
               "setting autogrowth on for existing files in the filegroup."),
    1205: Kind(13, 51, "42000", "Transaction (Process ID {process}) was deadlocked on lock resources with "
               "another process and has been chosen as the deadlock victim. Rerun the transaction.",
               doomed=True),
    1222: Kind(16, 51, "42000", "Lock request time out period exceeded.", terminated=True),
    2601: Kind(14, 1, "23000", "Cannot insert duplicate key row in object '{schema}.{table}' with unique "
               "index '{index}'. The duplicate key value is ({value}).", terminated=True),
    2627: Kind(14, 1, "23000", "Violation of PRIMARY KEY constraint '{constraint}'. Cannot insert duplicate "
               "key in object '{schema}.{table}'. The duplicate key value is ({value}).", terminated=True),
    2628: Kind(16, 1, "42000", "String or binary data would be truncated in table "
               "'{database}.{schema}.{table}', column '{column}'. Truncated value: '{value}'.",
               terminated=True),
    2812: Kind(16, 62, "42000", "Could not find stored procedure '{procedure}'.", compiles=False),
    3902: Kind(16, 1, "25000", "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION."),
    3903: Kind(16, 1, "25000", "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION."),
    3930: Kind(16, 1, "42000", "The current transaction cannot be committed and cannot support operations "
               "that write to the log file. Roll back the transaction."),
    3960: Kind(16, 2, "42000", "Snapshot isolation transaction aborted due to update conflict. You cannot "
               "use snapshot isolation to access table '{schema}.{table}' directly or indirectly in database "
               "'{database}' to update, delete, or insert the row that has been modified or deleted by "
               "another transaction. Retry the transaction or change the isolation level for the "
               "update/delete statement.", doomed=True),
    4060: Kind(11, 1, "42000", "Cannot open database \"{database}\" requested by the login. The login "
               "failed."),
    8016: Kind(16, 1, "42000", "The incoming tabular data stream (TDS) remote procedure call (RPC) protocol "
               "stream is incorrect. {value}."),
    8114: Kind(16, 5, "42000", "Error converting data type nvarchar to {type}."),
    8115: Kind(16, 2, "HY019", "Arithmetic overflow error converting expression to data type {type}.",
               terminated=True),
    8134: Kind(16, 1, "22012", "Divide by zero error encountered.", terminated=True),
    8152: Kind(16, 10, "22001", "String or binary data would be truncated.", terminated=True),
    8179: Kind(16, 4, "42000", "Could not find prepared statement with handle {value}.", compiles=False),
    8645: Kind(17, 1, "42000", "A timeout occurred while waiting for memory resources to execute the query "
               "in resource pool 'default' (2). Rerun the query."),
    8651: Kind(17, 1, "42000", "Could not perform the operation because the requested memory was not "
               "available in resource pool 'default' (2). Rerun the query, reduce the query load, or check "
               "resource governor configuration setting."),
    8672: Kind(16, 1, "42000", "The MERGE statement attempted to UPDATE or DELETE the same row more than "
               "once. This happens when a target row matches more than one source row. A MERGE statement "
               "cannot UPDATE/DELETE the same row of the target table multiple times. Refine the ON clause "
               "to ensure a target row matches at most one source row, or use the GROUP BY clause to group "
               "the source rows."),
    9002: Kind(17, 2, "42000", "The transaction log for database '{database}' is full due to '{reason}'."),
    13609: Kind(16, 4, "42000", "JSON text is not properly formatted. Unexpected character '{value}' is "
                "found at position 0."),
    18456: Kind(14, 1, "28000", "Login failed for user '{user}'."),
    50000: Kind(16, 1, "42000", "{value}"),
    10928: Kind(20, 1, "42000", "Resource ID: 1. The request limit for the database is 90 and has been "
                "reached. See 'http://go.microsoft.com/fwlink/?LinkId=267637' for assistance."),
    10929: Kind(20, 1, "42000", "Resource ID: 1. The request minimum guarantee is 0, maximum limit is 90, "
                "and the current usage for the database is 90. However, the server is currently too busy to "
                "support requests greater than 0 for this database. See "
                "'http://go.microsoft.com/fwlink/?LinkId=267637' for assistance. Otherwise, please try again "
                "later."),
    40197: Kind(17, 1, "42000", "The service has encountered an error processing your request. Please try "
                "again. Error code {code}."),
    40501: Kind(20, 1, "42000", "The service is currently busy. Retry the request after 10 seconds. Incident "
                "ID: 00000000-0000-0000-0000-000000000000. Code: {code}."),
    40613: Kind(17, 1, "42000", "Database '{database}' on server '{server}' is not currently available. "
                "Please retry the connection later. If the problem persists, contact customer support, and "
                "provide them the session tracing ID of '00000000-0000-0000-0000-000000000000'."),
    49918: Kind(16, 1, "42000", "Cannot process request. Not enough resources to process request. The "
                "service is currently busy. Please retry the request later."),
    49919: Kind(16, 1, "42000", "Cannot process create or update request. Too many create or update "
                "operations in progress for subscription \"1\"."),
    49920: Kind(16, 1, "42000", "Cannot process request. Too many operations in progress for subscription "
                "\"1\"."),
}

CLOSES = 20  # [MS-TDS] ERROR and "Database Engine error severities": from here on the connection ends


class Message:
    """One error or note, ready to be sent."""

    def __init__(self, number, severity, state, text, kind=None):
        self.number, self.severity, self.state, self.text = number, severity, state, text
        self.terminated = bool(kind and kind.terminated)
        self.doomed = bool(kind and kind.doomed)
        self.compiles = not kind or kind.compiles

    @property
    def closes(self):
        return self.severity >= CLOSES


def build(given, known):
    """A Message from a number or an object: number, text, severity, state, and names that the text mentions;
    known: names of the session."""
    given = {"number": given} if isinstance(given, int) else given
    kind = KINDS.get(given["number"])
    names = {**NAMES, **known, **given}
    text = given.get("text") or (kind.text if kind else "Error {number}.")
    severity = given.get("severity", kind.severity if kind else 16)
    return Message(given["number"], severity, given.get("state", kind.state if kind else 1),
                   text if "text" in given else text.format(**names), kind)
