/* SPDX-License-Identifier: Apache-2.0 */

/* sink_abort.so, of every kind: a real stage that kills the process. */

#include <config.h>

#include "wrap.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum how { HOW_ABORT, HOW_SEGV, HOW_EXIT, HOW_KILL };

struct abort_config {
    struct wrap_config wrap;
    const char *operation;
    struct wrap_match match;
    int64_t at;
    const char *while_file;
    bool after;
    int32_t how;
};

static const char *const hows[] = {"abort", "segv", "exit", "kill", NULL};

static const struct sp_option options[] = {
    WRAP_OPTIONS,
    {.name = "operation",
     .type = SP_OPT_STRING,
     .offset = offsetof(struct abort_config, operation),
     .default_text = "write",
     .doc = "The operation that kills"},
    WRAP_MATCH_OPTIONS(offsetof(struct abort_config, match)),
    {.name = "at",
     .type = SP_OPT_INTEGER,
     .offset = offsetof(struct abort_config, at),
     .doc = "Only the call of this number; 0: each that is meant"},
    {.name = "while_file",
     .type = SP_OPT_STRING,
     .offset = offsetof(struct abort_config, while_file),
     .doc = "Only while this file is there"},
    {.name = "after",
     .type = SP_OPT_BOOLEAN,
     .offset = offsetof(struct abort_config, after),
     .doc = "Whether the inner stage has done it when the process dies"},
    {.name = "how",
     .type = SP_OPT_ENUM,
     .offset = offsetof(struct abort_config, how),
     .choices = hows,
     .default_text = "abort",
     .doc = "How the process dies"},
};

WRAP_PLUGIN("abort", "a stage that kills the process", options, struct abort_config)

int wrap_hook_load(struct wrap_stage *stage, struct sp_error *err)
{
    const struct abort_config *config = stage->config;
    return wrap_op_of(config->operation) < WRAP_OPS
               ? 0
               : sp_fail(err, SP_REFUSED, "there is no operation '%s'", config->operation);
}

void wrap_hook_unload(struct wrap_stage *stage)
{
    (void)stage;
}

/* With the default action, whatever a sanitizer has installed, and also where the thread blocks all signals:
 * a true fault heeds no mask, one that is raised does. */
static void fault_for_real(void)
{
    sigset_t fault;
    sigemptyset(&fault);
    sigaddset(&fault, SIGSEGV);
    signal(SIGSEGV, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &fault, NULL);
    raise(SIGSEGV);
}

static void die(enum how how)
{
    switch (how) {
    case HOW_ABORT:
        abort();
    case HOW_SEGV:
        fault_for_real();
        break;
    case HOW_EXIT:
        _exit(3);
    case HOW_KILL:
        raise(SIGKILL);
    }
}

static void die_if_meant(const struct wrap_handle *handle, const struct wrap_call *call, bool after)
{
    const struct abort_config *config = handle->stage->config;
    if (config->after == after && call->op == wrap_op_of(config->operation) &&
        (config->at == 0 || call->number == (uint64_t)config->at) &&
        (!config->while_file || access(config->while_file, F_OK) == 0) && wrap_matches(&config->match, call))
        die((enum how)config->how);
}

int wrap_hook_before(struct wrap_handle *handle, struct wrap_call *call, struct sp_error *err)
{
    (void)err;
    die_if_meant(handle, call, false);
    return 0;
}

int wrap_hook_after(struct wrap_handle *handle, struct wrap_call *call, int rc, struct sp_error *err)
{
    (void)err;
    if (rc == 0)
        die_if_meant(handle, call, true);
    return rc;
}
