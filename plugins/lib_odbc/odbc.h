/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_ODBC_ODBC_H
#define LIB_ODBC_ODBC_H

/*
 * What the sinks over ODBC share: connections, statements, failures, migrations, and the stores of state and
 * letters.  What differs between databases is a `struct odbc_dialect`: texts of SQL, and what error codes
 * mean.  rows.h has the sink itself.
 *
 * A store is a stage's database; a connection is a handle's, used by one thread.  A call of the core goes
 *
 *     odbc_enter     once, first: connects where there is no connection
 *     odbc_run ...   a statement, with its rows; a failure ends the call by `return odbc_leave(db, -1)`
 *     odbc_leave     once, last
 *
 * Every statement has one parameter, a text of JSON in ASCII, however many rows it speaks of: so no driver's
 * charset, column size, array binding or number of parameters matters.  Results are text.  Autocommit is
 * always on: a statement is its own transaction, but for migrations, whose BEGIN and COMMIT are statements.
 */

#include "json.h"

#include <scanpipe/plugin.h>

#include <pthread.h>
#include <sql.h>
#include <sqlext.h>
#include <stdatomic.h>

/* The options that every store has; the first field of each configuration. */
struct odbc_config {
    const char *connection; /* "DRIVER={...};Server=...;Database=...;UID=..." */
    const char *password;   /* NULL: `connection` says what there is to say */
    int64_t login_timeout, idle;
};

/* The entries of an option table for a configuration whose field `odbc` is a struct odbc_config. */
#define ODBC_OPTIONS(config_type)                                                                            \
    {.name = "connection",                                                                                   \
     .type = SP_OPT_STRING,                                                                                  \
     .flags = SP_OPT_REQUIRED | SP_OPT_PLACE,                                                                \
     .offset = offsetof(config_type, odbc.connection),                                                       \
     .doc = "The ODBC connection string, without the password: driver, server, database, user"},             \
        {.name = "password",                                                                                 \
         .type = SP_OPT_SECRET,                                                                              \
         .offset = offsetof(config_type, odbc.password),                                                     \
         .doc = "The user's password, as it is: it is quoted for ODBC where that is needed"},                \
        {.name = "login_timeout",                                                                            \
         .type = SP_OPT_DURATION,                                                                            \
         .offset = offsetof(config_type, odbc.login_timeout),                                                \
         .default_text = "10s",                                                                              \
         .min = 2 * SP_SECOND,                                                                               \
         .max = 300 * SP_SECOND,                                                                             \
         .doc = "How long connecting may take"},                                                             \
    {                                                                                                        \
        .name = "idle", .type = SP_OPT_DURATION, .offset = offsetof(config_type, odbc.idle),                 \
        .default_text = "30s", .min = SP_SECOND, .max = 86400 * SP_SECOND,                                   \
        .doc = "A connection that was not used for so long is tried before it is used again"                 \
    }

/* What an error of the driver or of the server means.  Of a table the first that fits counts; NULL and 0 fit
 * always. */
struct odbc_class {
    const char *state; /* SQLSTATE, or how it begins */
    int32_t native;    /* the server's own number */
    int32_t native_to; /* where this is larger: all numbers from `native` to it */
    const char *text;  /* is part of the message */
    enum sp_class class;
    bool lost;        /* nothing more comes from this connection; a write may or may not have happened */
    bool missing;     /* a table or column is not there */
    bool too_long;    /* a text is longer than its column */
    bool race;        /* may be a lost race: rows are written a second time before `class` is believed */
    const char *cure; /* may be NULL */
};

/* A keyword of a connection string that the plugin adds where the file does not say it. */
struct odbc_keyword {
    const char *name, *value;
    const char *driver; /* is part of the driver's name, in any case; NULL: for every driver */
};

/* What the user must be allowed to do with a table or a sequence. */
struct odbc_need {
    const char *thing;    /* its name, as SQL has it */
    const char *rights;   /* "SELECT,INSERT" */
    const char *only_for; /* what needs it, as "dlq purge"; NULL: every pipeline does */
    bool to_make;         /* only where the store brings its tables up to date by itself */
};

/* Tables that a store makes for itself. */
struct odbc_part {
    const char *name;              /* "state", "letters" */
    const char *const *migrations; /* numbered from 1; each may have several statements */
    size_t migration_count;
    const struct odbc_need *needs;
    size_t need_count;
};

/*
 * A database.  Constant.  Of each text the comment says the members of its JSON parameter, and its result's
 * columns.  `hex` are bytes as hexadecimal digits, `ms` are milliseconds since 1970, in UTC.
 */
struct odbc_dialect {
    const char *name, *title; /* "postgres", "PostgreSQL" */
    const struct odbc_keyword *keywords;
    size_t keyword_count;
    const char *plain_braces; /* as odbc_keyword.driver: a value in braces is taken as it is, up to "};" */
    bool wide;         /* the driver converts text by a locale or a setting: it is asked for UTF-16 instead */
    bool counts_utf16; /* columns of text count units of UTF-16, not characters */
    const struct odbc_class *classes; /* before those of ODBC itself */
    size_t class_count;
    SQLSMALLINT parameter_type;                /* SQL_LONGVARCHAR or SQL_WLONGVARCHAR */
    size_t name_max;                           /* bytes of a name of a table or column */
    bool any_case;                             /* names that differ in case alone are the same */
    unsigned time_digits;                      /* that a timestamp keeps */
    bool cancel_waits;                         /* SQLCancel() may block: break the connection instead */
    const char *before_column, *behind_column; /* what messages put around the column that they name */
    bool tells_numbers;                        /* people know the server's errors by its own numbers */
    const char *const *error_tails; /* how what the driver adds to messages begins; ended by NULL */
    const char *on_connect;         /* settings of the session; may be NULL */
    const char *alive;              /* "SELECT 1" */
    const char *client_port;        /* -> our port of this connection; NULL: cannot be asked */
    const char *begin, *commit;
    const char *step_end; /* what ends a step of a plan, for the tools that run it by hand: ";\n" */

    /* migrations; all in a transaction but schema_read */
    const char *lock;           /* waits for others who migrate; ends with the transaction */
    const char *schema_read;    /* {part} -> number, checksum, by number */
    const char *schema_written; /* {part, number, checksum} */

    const char *rights; /* {thing, rights} -> what of these the user lacks, as a sentence, and the GRANT; no
                           row: nothing, or there is no such thing.  NULL: cannot be asked */

    /* The table ProcessingState of the worker that scanpipe replaces; `takeover` NULL: stays where it is. The
     * part has no numbers of its own: it runs before the first migration of the state, where that is due. Its
     * texts may each have {pipeline} as their parameter. */
    const struct odbc_part *takeover;
    const char
        *predecessor; /* a row where it is that one: by catalogue, whether or not there is such a table */
    const char *place_before; /* {pipeline} -> LastEventId of that one */
    const char
        *place_after; /* {pipeline} -> LastEventId of the row that was taken over; none for other pipelines */
    const struct odbc_part *shared, *state, *letters;

    /* state */
    const char *state_get; /* {pipeline, name} -> version, value in hex; no row: not there */
    const char
        *state_put; /* {pipeline, name, expected, value in hex, at} -> the new version; no row: `expected`
                       is not the version.  `at`: the cursor as a number, for ProcessingState, or null */

    /* letters */
    const char
        *letters_put; /* [{id in hex, pipeline, stage, ..., first, last in ms, text or bytes in hex}] */
    const char *letters_scan;   /* {pipeline, first, id, class, column, event_id, event_key, from, until, max}
                                   -> see letters.c */
    const char *letters_remove; /* [{id in hex, version}]; tells how many were there */

    /* the sink; texts to be freed, made from the table alone; pure */
    const char *columns; /* {table} -> name of each column, and how long a text it holds or NULL; no row: no
                            such table */
    char *(*quote)(const struct sp_table *table);  /* its name as `columns` takes it */
    char *(*create)(const struct sp_table *table); /* "CREATE TABLE ..." */
    char *(*add_column)(const struct sp_table *table, size_t column);
    /* See ../lib_sql/missing.h. */
    char *(*fill_order)(const struct sp_table *table, size_t column, size_t bound, const bool *there);
    char *(*rename)(const struct sp_table *table, const char *name); /* NULL: cannot be put aside */
    const char
        *layout; /* {table} -> of each column: name, type, how people write that, how many characters it
                    holds, its digits, those behind the point, -1 each where there is no bound, and 1 where
                    a row must name it: NOT NULL without a default.  NULL: cannot be compared */
    const char *unique; /* {table} -> of each key that tells rows apart, and no two keys mixed: a name or
                           number of the key, the name of one of its columns */
    const char *const *types; /* by enum sp_type: the types of `layout` that hold it, a blank around each */
    char *(*alter_type)(const struct sp_table *table, size_t column);
    char *(*make_key)(const struct sp_table *table);
    char *(*let_be_null)(const struct sp_table *table, const char *column, const char *type);
    char *(*upsert)(const struct sp_table *table); /* [{c0, c1, ...}]; tells how many it touched */
    char *(*select)(const struct sp_table *table); /* [{n, c0, ...}] (keys) -> n, all columns as text */
};

struct odbc_store {
    const struct odbc_config *config;
    const struct odbc_dialect *dialect;
    const struct sp_stage *stage;
    const struct odbc_part *part; /* NULL: has no tables of its own */
    bool makes_tables;            /* brings those up to date by itself, when it needs them */
    char *connection;             /* the whole connection string; holds the secret */
    char *place;                  /* "PostgreSQL (Database at Server)", for messages */
    char *secrets[4];             /* to be masked */
    _Atomic int64_t lost_at;      /* when a connection was lost the last time */
};

int odbc_store_init(struct odbc_store *store, const struct odbc_config *config,
                    const struct odbc_dialect *dialect, const struct sp_stage *stage,
                    const struct odbc_part *part, struct sp_error *err) SP_MUST_CHECK;
void odbc_store_fini(struct odbc_store *store);

/* For the `check` hook. */
void odbc_check(const struct odbc_config *config, struct sp_check *check);

enum odbc_kind {
    ODBC_READS,  /* changes nothing */
    ODBC_WRITES, /* when its answer is lost, it may have happened */
};

#define ODBC_STATEMENTS 8

struct odbc_statement {
    const char *sql; /* whose address is its name; NULL: free */
    SQLHSTMT handle;
};

struct odbc {
    struct odbc_store *store;
    SQLHENV environment;
    SQLHDBC connection; /* NULL: there is none */
    struct odbc_statement statements[ODBC_STATEMENTS];
    size_t next_statement; /* whose place is taken next */
    SQLHSTMT running;      /* has rows to fetch */
    enum odbc_kind kind;   /* of what is running */
    struct odbc_json json; /* the parameter under construction */
    int64_t deadline;      /* of the call under way */
    int64_t used_at;       /* when the connection was used last */
    bool made;             /* the part's tables are there, as far as this connection knows */
    bool in_transaction;
    bool doubtful; /* a write of this call failed so that its transaction may be open still */
    const struct odbc_class *failure; /* what the last failure of this call means; NULL: there was none */
    pthread_mutex_t lock;             /* guards all below against odbc_interrupt() */
    bool busy;                        /* in a call */
    bool interrupted;
    bool broken; /* given up by odbc_interrupt(): to be closed */
    SQLHSTMT executing;
    int socket; /* the connection's; -1: not known.  The driver owns it, and may have closed it already */
    int64_t socket_port; /* its own port */
};

void odbc_init(struct odbc *db, struct odbc_store *store);
void odbc_fini(struct odbc *db);

/* From any thread. */
void odbc_interrupt(struct odbc *db);

/* Starts a call: connects, or tries a connection that has idled. */
int odbc_enter(struct odbc *db, int64_t deadline, struct sp_error *err) SP_MUST_CHECK;
/* The same, and brings the tables of store->part up to date. */
int odbc_enter_made(struct odbc *db, int64_t deadline, struct sp_error *err) SP_MUST_CHECK;
/* Ends it; returns `rc`. */
int odbc_leave(struct odbc *db, int rc);

/* Executes a statement with db->json as its parameter, where `sql` has one.  Its rows are fetched with
 * odbc_fetch() to the end, or not at all: then odbc_end() is called. */
int odbc_run(struct odbc *db, const char *sql, enum odbc_kind kind, const char *doing,
             struct sp_error *err) SP_MUST_CHECK;
/* The next row: 1, or 0 at the end, which also drains what else the statement has to say. */
int odbc_fetch(struct odbc *db, const char *doing, struct sp_error *err) SP_MUST_CHECK;
int odbc_end(struct odbc *db, const char *doing, struct sp_error *err) SP_MUST_CHECK;
/* odbc_run() and odbc_end(); *rows_out, where given, is how many rows were changed: the statement's row
 * count, or the first column of its first result, where it has one. */
int odbc_do(struct odbc *db, const char *sql, enum odbc_kind kind, uint64_t *rows_out, const char *doing,
            struct sp_error *err) SP_MUST_CHECK;

/* Column `index` (from 1, in this order) of the row, in the arena, with a NUL behind it; data NULL: NULL. */
int odbc_text(struct odbc *db, SQLUSMALLINT index, struct sp_arena *arena, struct sp_slice *out,
              const char *doing, struct sp_error *err) SP_MUST_CHECK;
/* The same as a number; 0 for NULL. */
int odbc_number(struct odbc *db, SQLUSMALLINT index, int64_t *out, const char *doing,
                struct sp_error *err) SP_MUST_CHECK;

/* A transaction of several statements: only for migrations. */
int odbc_begin(struct odbc *db, const char *doing, struct sp_error *err) SP_MUST_CHECK;
int odbc_commit(struct odbc *db, const char *doing, struct sp_error *err) SP_MUST_CHECK;

/* Closes the connection; the next odbc_enter() makes a new one. */
void odbc_close(struct odbc *db);

/* Fills err from the diagnostics of a handle, masks secrets, frees what is broken by the failure, and closes
 * the connection where nothing more comes from it.  Returns -1. */
int odbc_fail(struct odbc *db, SQLSMALLINT type, SQLHANDLE handle, enum odbc_kind kind, const char *doing,
              struct sp_error *err);

/* What an error means: as the dialect says, else as ODBC does.  Never NULL.  Pure. */
const struct odbc_class *odbc_classify(const struct odbc_dialect *dialect, const char *state, int32_t native,
                                       const char *text);

/* Was the last failure of this call that a table or column is not there? */
static inline bool odbc_is_missing(const struct odbc *db)
{
    return db->failure && db->failure->missing;
}

/* ---- text.c: connection strings; pure */

/* The value of a keyword of a connection string, unquoted, to be freed; NULL: is not there. */
char *odbc_keyword(const char *connection, const char *name);
/* Is `part`, in any case, in the name of the driver that the connection string names? */
bool odbc_driver_has(const char *connection, const char *part);
/* "Driver=...;...;PWD={...};": what the file says, then what it does not say of the dialect's keywords. */
char *odbc_connection_string(const struct odbc_config *config, const struct odbc_dialect *dialect);
char *odbc_place(const char *connection, const struct odbc_dialect *dialect);
/* Overwrites each `secret` in `text` with stars. */
void odbc_mask(char *text, const char *secret);
/* Spells bytes of hexadecimal digits; false: they are none. */
bool odbc_unhex(struct sp_slice hex, struct sp_arena *arena, struct sp_slice *out);

/* ---- wide.c: UTF-16, in the machine's order of bytes, as ODBC's wide functions take it; pure */

/* To be freed; what is no UTF-8 becomes U+FFFD. */
SQLWCHAR *odbc_wide(const char *text, size_t *count_out);
/* Returns the bytes, without the NUL; `out` has room for 3 * count + 1. */
size_t odbc_narrow(const SQLWCHAR *units, size_t count, char *out);

/* ---- migrate.c */

int odbc_migrate(struct odbc *db, struct sp_error *err) SP_MUST_CHECK;
/* The description's migrate(). */
int odbc_store_migrate(void *handle, enum sp_migrate_mode mode, struct sp_arena *arena, const char **plan,
                       int64_t deadline, struct sp_error *err);

/* ---- takeover.c */

/* Is there a table of the program that this one replaces, which the state is to take over? */
int takeover_is_due(struct odbc *db, bool *due_out, struct sp_error *err) SP_MUST_CHECK;
int takeover_refuse(struct odbc *db, struct sp_error *err); /* -1 */
const char *takeover_told(struct sp_arena *arena);          /* the same, for check --online */
/* In the transaction that makes the state's tables. */
int takeover_apply(struct odbc *db, struct sp_error *err) SP_MUST_CHECK;
/* What its texts have as their parameter; lives until the next use of db->json. */
const char *takeover_parameter(struct odbc *db);
int odbc_state_inherited(void *handle, struct sp_arena *arena, const char **place_out, int64_t deadline,
                         struct sp_error *err);

/* ---- survey.c */

/* What of `need` the user may not do, as a sentence, and the statement that gives it to him; both NULL where
 * he may, or where it is not there. */
int odbc_find_lacking(struct odbc *db, const struct odbc_need *need, struct sp_arena *arena,
                      const char **lacking_out, const char **grant_out, struct sp_error *err) SP_MUST_CHECK;
/* The description's survey(): what a pipeline would be refused. */
int odbc_store_survey(void *handle, struct sp_arena *arena, const struct sp_finding **findings, size_t *count,
                      int64_t deadline, struct sp_error *err);

/* ---- socket.c */

/* Sockets that are connections of this process, for telling later which are new. */
struct odbc_sockets {
    int items[256];
    size_t count;
};
void odbc_sockets_list(struct odbc_sockets *out);
/* The socket that is not in `before`; of several the one whose own port is `port`; -1: cannot be told. */
int odbc_sockets_new(const struct odbc_sockets *before, int64_t port);
/* The socket's own port; 0: it has none. */
int64_t odbc_socket_port(int fd);

/* ---- state.c, letters.c: stages whose `loaded` is a struct odbc_store and whose handle is a struct odbc */

struct odbc_store_config {
    struct odbc_config odbc;
    bool create_tables;
};

extern const struct sp_option odbc_store_options[];
#define ODBC_STORE_OPTIONS 5
extern const struct sp_capabilities odbc_state_can;
extern const struct sp_state_ops odbc_state_ops;
extern const struct sp_letters_ops odbc_letters_ops;

void odbc_store_check(const void *config, struct sp_check *check);
int odbc_store_load(const struct odbc_dialect *dialect, const struct odbc_part *part, const void *config,
                    const struct sp_stage *stage, void **loaded, struct sp_error *err);
void odbc_store_unload(void *loaded);
int odbc_store_open(void *loaded, void **handle, struct sp_error *err);
void odbc_store_close(void *handle);
int odbc_store_probe(void *handle, int64_t deadline, struct sp_error *err);
void odbc_store_interrupt(void *handle);

/* The entries of a store's description, but for its name, its summary, its load, and what letters can. */
#define ODBC_STORE_ENTRIES                                                                                   \
    SP_PLUGIN_HEAD, .version = PACKAGE_VERSION, .options = odbc_store_options,                               \
                    .option_count = ODBC_STORE_OPTIONS, .config_size = sizeof(struct odbc_store_config),     \
                    .check = odbc_store_check, .unload = odbc_store_unload, .open = odbc_store_open,         \
                    .close = odbc_store_close, .probe = odbc_store_probe, .interrupt = odbc_store_interrupt, \
                    .migrate = odbc_store_migrate, .survey = odbc_store_survey
#define ODBC_STATE_ENTRIES                                                                                   \
    ODBC_STORE_ENTRIES, .kind = SP_STATE, .state = &odbc_state_ops, .capabilities = &odbc_state_can
#define ODBC_LETTERS_ENTRIES ODBC_STORE_ENTRIES, .kind = SP_LETTERS, .letters = &odbc_letters_ops

#endif
