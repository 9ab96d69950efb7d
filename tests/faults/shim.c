/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Loaded before all else (LD_PRELOAD), it lets the Nth call of a family fail: allocations, SQLite, libcurl,
 * or the file system.  By variables of the environment:
 *
 *   SHIM_FAMILY   alloc, sqlite, curl or file
 *   SHIM_AT       the first call that fails; 0: none, they are only counted
 *   SHIM_SPAN     how many in a row (1)
 *   SHIM_CODE     which of the errors that the call may have, by turns (0)
 *   SHIM_AFTER    not empty: SQLite has done it when it says that it failed
 *   SHIM_CALLS    names parted by commas: only these fail
 *   SHIM_WHILE    fails each call while this file is there, whatever its number
 *   SHIM_KILL     not empty: the process is killed there instead, before the call does anything
 *   SHIM_COUNT    a file that gets the number of calls, as eight bytes
 *   SHIM_LOG      a file that gets a line a failure
 *
 * It allocates nothing, and standard streams are left alone.
 */
#include <config.h>

#include <curl/curl.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

enum family { NONE, ALLOC, SQLITE, CURL_FAMILY, FILES };

static enum family chosen;
static uint64_t at, span = 1, code;
static bool after, deadly;
static const char *calls, *while_file, *log_path;
static _Atomic uint64_t own_count;
static _Atomic uint64_t *count = &own_count;

/* ---- What to do, and what was done */

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

static enum family family_of(const char *name)
{
    static const char *const names[] = {"", "alloc", "sqlite", "curl", "file"};
    for (size_t i = 1; name && i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return (enum family)i;
    return NONE;
}

static void share_count(const char *path)
{
    int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0 || syscall(SYS_ftruncate, file, sizeof own_count) != 0)
        return;
    void *shared = mmap(NULL, sizeof own_count, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (shared != MAP_FAILED)
        count = shared;
    syscall(SYS_close, file);
}

__attribute__((constructor)) static void set_up(void)
{
    at = number_of("SHIM_AT", 0);
    span = number_of("SHIM_SPAN", 1);
    code = number_of("SHIM_CODE", 0);
    after = getenv("SHIM_AFTER") && *getenv("SHIM_AFTER");
    deadly = getenv("SHIM_KILL") && *getenv("SHIM_KILL");
    calls = getenv("SHIM_CALLS");
    while_file = getenv("SHIM_WHILE");
    log_path = getenv("SHIM_LOG");
    if (getenv("SHIM_COUNT"))
        share_count(getenv("SHIM_COUNT"));
    chosen = family_of(getenv("SHIM_FAMILY"));
}

static bool is_there(const char *path)
{
    struct stat about;
    return path && *path && syscall(SYS_newfstatat, AT_FDCWD, path, &about, 0) == 0;
}

/* A good place for a debugger to stop at. */
EXPORT __attribute__((noinline)) void shim_failed(const char *what, uint64_t number);
EXPORT void shim_failed(const char *what, uint64_t number)
{
    char line[128];
    int file =
        log_path ? (int)syscall(SYS_openat, AT_FDCWD, log_path, O_WRONLY | O_CREAT | O_APPEND, 0666) : -1;
    if (file < 0)
        return;
    int length = snprintf(line, sizeof line, "%s %llu\n", what, (unsigned long long)number);
    (void)!syscall(SYS_write, file, line, (size_t)length);
    syscall(SYS_close, file);
}

static bool is_named(const char *what)
{
    size_t length = strlen(what);
    const char *at = calls;
    while (at && *at && !(strncmp(at, what, length) == 0 && (at[length] == ',' || at[length] == '\0'))) {
        at += strcspn(at, ",");
        at += *at == ',';
    }
    return !calls || *at;
}

static _Thread_local bool looks_up; /* what this needs for itself does not fail */

/* Counts a call; true where it is to fail.  Keeps errno. */
static bool fails(enum family family, const char *what)
{
    if (family != chosen || looks_up || !is_named(what))
        return false;
    int kept = errno;
    uint64_t number = atomic_fetch_add(count, 1) + 1;
    bool is_meant = (at > 0 && number >= at && number - at < span) || is_there(while_file);
    if (is_meant)
        shim_failed(what, number);
    if (is_meant && deadly)
        kill(getpid(), SIGKILL);
    errno = kept;
    return is_meant;
}

/* SQLite calls its own API as well, and forgets what such a call says that did not fail in truth. */
static bool is_own_call(const void *caller, const char *library)
{
    Dl_info about;
    return dladdr(caller, &about) && about.dli_fname && strstr(about.dli_fname, library);
}

#define FAILS_IN(family, name, library)                                                                      \
    (chosen == (family) && !is_own_call(__builtin_return_address(0), library) && fails(family, name))
#define SQLITE_FAILS(name) FAILS_IN(SQLITE, name, "libsqlite3")
#define CURL_FAILS(name)   FAILS_IN(CURL_FAMILY, name, "libcurl")

/* ---- Allocations */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t number, size_t size);
void *__libc_realloc(void *memory, size_t size);

EXPORT void *malloc(size_t size)
{
    if (fails(ALLOC, "malloc")) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_malloc(size);
}

EXPORT void *calloc(size_t number, size_t size)
{
    if (fails(ALLOC, "calloc")) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_calloc(number, size);
}

EXPORT void *realloc(void *memory, size_t size)
{
    if (size > 0 && fails(ALLOC, "realloc")) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_realloc(memory, size);
}

/* ---- SQLite and libcurl are loaded with plugins, where RTLD_NEXT does not look */

static void *in_library(const char *library, const char *name)
{
    looks_up = true;
    void *handle = dlopen(library, RTLD_LAZY | RTLD_NOLOAD);
    void *symbol = handle ? dlsym(handle, name) : NULL;
    looks_up = false;
    if (!symbol)
        abort();
    return symbol;
}

#define REAL_SQLITE(type, name)                                                                              \
    static type *real;                                                                                       \
    if (!real)                                                                                               \
    real = (type *)in_library("libsqlite3.so.0", name)

static int sqlite_code(void)
{
    static const int codes[] = {SQLITE_IOERR_WRITE, SQLITE_BUSY, SQLITE_NOMEM, SQLITE_FULL,
                                SQLITE_IOERR_FSYNC};
    return codes[code % (sizeof codes / sizeof *codes)];
}

typedef int sqlite_open(const char *, sqlite3 **, int, const char *);
EXPORT int sqlite3_open_v2(const char *path, sqlite3 **out, int flags, const char *vfs)
{
    REAL_SQLITE(sqlite_open, "sqlite3_open_v2");
    if (!SQLITE_FAILS("sqlite3_open_v2"))
        return real(path, out, flags, vfs);
    *out = NULL; /* as where there is no memory for it */
    return SQLITE_NOMEM;
}

typedef int sqlite_prepare(sqlite3 *, const char *, int, sqlite3_stmt **, const char **);
EXPORT int sqlite3_prepare_v2(sqlite3 *db, const char *sql, int size, sqlite3_stmt **out, const char **tail)
{
    REAL_SQLITE(sqlite_prepare, "sqlite3_prepare_v2");
    if (!SQLITE_FAILS("sqlite3_prepare_v2"))
        return real(db, sql, size, out, tail);
    *out = NULL;
    return sqlite_code();
}

typedef int sqlite_prepare_v3(sqlite3 *, const char *, int, unsigned, sqlite3_stmt **, const char **);
EXPORT int sqlite3_prepare_v3(sqlite3 *db, const char *sql, int size, unsigned flags, sqlite3_stmt **out,
                              const char **tail)
{
    REAL_SQLITE(sqlite_prepare_v3, "sqlite3_prepare_v3");
    if (!SQLITE_FAILS("sqlite3_prepare_v3"))
        return real(db, sql, size, flags, out, tail);
    *out = NULL;
    return sqlite_code();
}

/* A step that fails leaves its statement at its end. */
typedef int sqlite_step(sqlite3_stmt *);
EXPORT int sqlite3_step(sqlite3_stmt *statement)
{
    REAL_SQLITE(sqlite_step, "sqlite3_step");
    if (!SQLITE_FAILS("sqlite3_step"))
        return real(statement);
    typedef const char *sql_function(sqlite3_stmt *);
    shim_failed(((sql_function *)in_library("libsqlite3.so.0", "sqlite3_sql"))(statement), 0);
    if (after)
        (void)real(statement);
    ((sqlite_step *)in_library("libsqlite3.so.0", "sqlite3_reset"))(statement);
    return sqlite_code();
}

typedef int sqlite_exec(sqlite3 *, const char *, int (*)(void *, int, char **, char **), void *, char **);
EXPORT int sqlite3_exec(sqlite3 *db, const char *sql, int (*row)(void *, int, char **, char **),
                        void *context, char **text)
{
    REAL_SQLITE(sqlite_exec, "sqlite3_exec");
    if (!SQLITE_FAILS("sqlite3_exec"))
        return real(db, sql, row, context, text);
    if (after)
        (void)real(db, sql, row, context, text);
    return sqlite_code();
}

/* Binding is left alone: what is bound in place needs no memory, and cannot fail. */

typedef int sqlite_checkpoint(sqlite3 *, const char *, int, int *, int *);
EXPORT int sqlite3_wal_checkpoint_v2(sqlite3 *db, const char *name, int mode, int *log, int *done)
{
    REAL_SQLITE(sqlite_checkpoint, "sqlite3_wal_checkpoint_v2");
    return SQLITE_FAILS("sqlite3_wal_checkpoint_v2") ? sqlite_code() : real(db, name, mode, log, done);
}

#define REAL_CURL(type, name)                                                                                \
    static type *real;                                                                                       \
    if (!real)                                                                                               \
    real = (type *)in_library("libcurl.so.4", name)

typedef CURL *easy_init(void);
EXPORT CURL *curl_easy_init(void)
{
    REAL_CURL(easy_init, "curl_easy_init");
    return CURL_FAILS("curl_easy_init") ? NULL : real();
}

/* Each option has one argument, a long, a pointer or a curl_off_t: of one size here. */
#undef curl_easy_setopt
typedef CURLcode easy_setopt(CURL *, CURLoption, ...);
EXPORT CURLcode curl_easy_setopt(CURL *handle, CURLoption option, ...)
{
    REAL_CURL(easy_setopt, "curl_easy_setopt");
    va_list arguments;
    va_start(arguments, option);
    void *value = va_arg(arguments, void *);
    va_end(arguments);
    return CURL_FAILS("curl_easy_setopt") ? CURLE_OUT_OF_MEMORY : real(handle, option, value);
}

typedef struct curl_slist *slist_append(struct curl_slist *, const char *);
EXPORT struct curl_slist *curl_slist_append(struct curl_slist *list, const char *text)
{
    REAL_CURL(slist_append, "curl_slist_append");
    return CURL_FAILS("curl_slist_append") ? NULL : real(list, text);
}

typedef CURLM *multi_init(void);
EXPORT CURLM *curl_multi_init(void)
{
    REAL_CURL(multi_init, "curl_multi_init");
    return CURL_FAILS("curl_multi_init") ? NULL : real();
}

typedef CURLMcode multi_add(CURLM *, CURL *);
EXPORT CURLMcode curl_multi_add_handle(CURLM *multi, CURL *handle)
{
    REAL_CURL(multi_add, "curl_multi_add_handle");
    return CURL_FAILS("curl_multi_add_handle") ? CURLM_OUT_OF_MEMORY : real(multi, handle);
}

typedef CURLMcode multi_perform(CURLM *, int *);
EXPORT CURLMcode curl_multi_perform(CURLM *multi, int *running)
{
    REAL_CURL(multi_perform, "curl_multi_perform");
    return CURL_FAILS("curl_multi_perform") ? CURLM_OUT_OF_MEMORY : real(multi, running);
}

typedef CURLMcode multi_poll(CURLM *, struct curl_waitfd *, unsigned, int, int *);
EXPORT CURLMcode curl_multi_poll(CURLM *multi, struct curl_waitfd *extra, unsigned extras, int ms, int *ready)
{
    REAL_CURL(multi_poll, "curl_multi_poll");
    return CURL_FAILS("curl_multi_poll") ? CURLM_INTERNAL_ERROR : real(multi, extra, extras, ms, ready);
}

/* What a transfer came to: all that can go wrong on the way. */
typedef CURLMsg *multi_info_read(CURLM *, int *);
EXPORT CURLMsg *curl_multi_info_read(CURLM *multi, int *left)
{
    REAL_CURL(multi_info_read, "curl_multi_info_read");
    static const CURLcode codes[] = {CURLE_OUT_OF_MEMORY,      CURLE_RECV_ERROR,   CURLE_GOT_NOTHING,
                                     CURLE_OPERATION_TIMEDOUT, CURLE_PARTIAL_FILE, CURLE_COULDNT_RESOLVE_HOST,
                                     CURLE_SEND_ERROR};
    CURLMsg *message = real(multi, left);
    if (message && message->msg == CURLMSG_DONE && CURL_FAILS("curl_multi_info_read"))
        message->data.result = codes[code % (sizeof codes / sizeof *codes)];
    return message;
}

/* ---- The file system */

static int file_error(void)
{
    static const int codes[] = {EIO, ENOSPC, EINTR, EMFILE, EACCES};
    return codes[code % (sizeof codes / sizeof *codes)];
}

#define NEXT(type, name)                                                                                     \
    static type *real;                                                                                       \
    if (!real)                                                                                               \
    real = (type *)dlsym(RTLD_NEXT, name)

typedef int open_function(const char *, int, ...);

static int open_or_fail(open_function *real, const char *path, int flags, mode_t mode)
{
    if (fails(FILES, "open")) {
        errno = file_error();
        return -1;
    }
    return real(path, flags, mode);
}

#define OPEN(name)                                                                                           \
    EXPORT int name(const char *path, int flags, ...)                                                        \
    {                                                                                                        \
        NEXT(open_function, #name);                                                                          \
        va_list arguments;                                                                                   \
        va_start(arguments, flags);                                                                          \
        mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;                                       \
        va_end(arguments);                                                                                   \
        return open_or_fail(real, path, flags, mode);                                                        \
    }
#undef open
#undef open64
OPEN(open)
OPEN(open64)

/* What fortified programs call where there is no mode. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
EXPORT int __open_2(const char *path, int flags)
{
    return open(path, flags);
}
EXPORT int __open64_2(const char *path, int flags)
{
    return open64(path, flags);
}

/* With code 3 and above a transfer is short instead: half of it is done. */
#define TRANSFER(name, pointer, extra_parameters, extra_arguments)                                           \
    EXPORT ssize_t name(int file, pointer data, size_t size extra_parameters)                                \
    {                                                                                                        \
        typedef ssize_t function(int, pointer, size_t extra_parameters);                                     \
        NEXT(function, #name);                                                                               \
        if (file <= STDERR_FILENO || !fails(FILES, #name))                                                   \
            return real(file, data, size extra_arguments);                                                   \
        if (code % 5 >= 3 && size > 1)                                                                       \
            return real(file, data, size / 2 extra_arguments);                                               \
        errno = file_error();                                                                                \
        return -1;                                                                                           \
    }
#define AND ,
TRANSFER(read, void *, , )
TRANSFER(write, const void *, , )
TRANSFER(pread, void *, AND off_t offset, AND offset)
TRANSFER(pread64, void *, AND off64_t offset, AND offset)
TRANSFER(pwrite, const void *, AND off_t offset, AND offset)
TRANSFER(pwrite64, const void *, AND off64_t offset, AND offset)
TRANSFER(__read_chk, void *, AND size_t room, AND room)
TRANSFER(__pread_chk, void *, AND off_t offset AND size_t room, AND offset AND room)
TRANSFER(__pread64_chk, void *, AND off64_t offset AND size_t room, AND offset AND room)

#define PLAIN(name, parameters, arguments)                                                                   \
    EXPORT int name parameters                                                                               \
    {                                                                                                        \
        typedef int function parameters;                                                                     \
        NEXT(function, #name);                                                                               \
        if (!fails(FILES, #name))                                                                            \
            return real arguments;                                                                           \
        errno = file_error();                                                                                \
        return -1;                                                                                           \
    }
PLAIN(fsync, (int file), (file))
PLAIN(fdatasync, (int file), (file))
PLAIN(ftruncate, (int file, off_t size), (file, size))
PLAIN(ftruncate64, (int file, off64_t size), (file, size))
PLAIN(link, (const char *from, const char *to), (from, to))
PLAIN(rename, (const char *from, const char *to), (from, to))
PLAIN(unlink, (const char *path), (path))
PLAIN(fstat, (int file, struct stat *out), (file, out))
PLAIN(fstat64, (int file, struct stat64 *out), (file, out))

/* SQLite takes what it cannot look at for what is not there: a journal that it could not delete just now is
 * then left beside the log.  No disk fails so, and no program can mend it; so its looks do not fail. */
#define LOOK(name, parameters, arguments)                                                                    \
    EXPORT int name parameters                                                                               \
    {                                                                                                        \
        typedef int function parameters;                                                                     \
        NEXT(function, #name);                                                                               \
        if (!FAILS_IN(FILES, #name, "libsqlite3"))                                                           \
            return real arguments;                                                                           \
        errno = file_error();                                                                                \
        return -1;                                                                                           \
    }
LOOK(stat, (const char *path, struct stat *out), (path, out))
LOOK(stat64, (const char *path, struct stat64 *out), (path, out))
