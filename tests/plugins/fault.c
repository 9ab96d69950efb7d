/* SPDX-License-Identifier: Apache-2.0 */

/* sink_fault.so, of every kind: a real stage that fails by rules (fault_rules.h). */

#include <config.h>

#include "fault_rules.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct fault_config {
    struct wrap_config wrap;
    struct sp_list rules;
    int64_t seed;
    const char *record;
};

static const struct sp_option options[] = {
    WRAP_OPTIONS,
    {.name = "rules",
     .type = SP_OPT_LIST,
     .offset = offsetof(struct fault_config, rules),
     .doc = "Which calls fail and how: 'OPERATION CLASS [after] [WORD=VALUE ...]'"},
    {.name = "seed",
     .type = SP_OPT_INTEGER,
     .offset = offsetof(struct fault_config, seed),
     .doc = "What chance= is drawn from"},
    {.name = "record",
     .type = SP_OPT_STRING,
     .offset = offsetof(struct fault_config, record),
     .doc = "A file that gets a line a call: milliseconds, operation, number, how it came out"},
};

WRAP_PLUGIN("fault", "a stage that fails by rules", options, struct fault_config)

/* Only the hooks of one stage see it. */
struct fault {
    struct fault_rule *rules;
    size_t rule_count;
};

int wrap_hook_load(struct wrap_stage *stage, struct sp_error *err)
{
    const struct fault_config *config = stage->config;
    struct fault *fault = calloc(1, sizeof *fault);
    stage->own = fault;
    fault->rules = calloc(config->rules.count + 1, sizeof *fault->rules);
    for (size_t i = 0; i < config->rules.count; i++) {
        if (fault_rule_parse(config->rules.items[i], &fault->rules[i], err) != 0) {
            wrap_hook_unload(stage);
            return -1;
        }
        fault->rules[i].salt = i;
        fault->rule_count++;
    }
    return 0;
}

void wrap_hook_unload(struct wrap_stage *stage)
{
    struct fault *fault = stage->own;
    for (size_t i = 0; i < fault->rule_count; i++)
        fault_rule_fini(&fault->rules[i]);
    free(fault->rules);
    free(fault);
}

static void record(const struct wrap_handle *handle, const struct wrap_call *call, int rc,
                   const struct sp_error *err)
{
    const struct fault_config *config = handle->stage->config;
    int file = config->record ? open(config->record, O_WRONLY | O_CREAT | O_APPEND, 0666) : -1;
    if (file < 0)
        return;
    dprintf(file, "%lld %s %llu %s\n", (long long)(sp_clock_now() / SP_MILLISECOND), wrap_op_names[call->op],
            (unsigned long long)call->number, rc == 0 ? "ok" : sp_class_name(err->class));
    close(file);
}

static bool is_meant(const struct fault_rule *rule, const struct wrap_call *call, size_t entry)
{
    switch (rule->entries) {
    case FAULT_ODD:
        return entry % 2 == 1;
    case FAULT_MATCH:
        return wrap_matches_entry(&rule->match, call, entry);
    default:
        return true;
    }
}

static int fail(const struct fault_rule *rule, const struct wrap_call *call, struct sp_error *err)
{
    sp_fail(err, rule->class, "a fault by rule in %s %llu", wrap_op_names[call->op],
            (unsigned long long)call->number);
    err->retry_after_ns = rule->retry_after_ns;
    return -1;
}

/* A write fails as a whole, and names its culprits; other calls answer entry by entry. */
static int fail_entries(const struct fault_rule *rule, struct wrap_call *call, struct sp_error *err)
{
    if (!call->results)
        return fail(rule, call, err);
    for (size_t i = 0; i < call->count; i++)
        if (is_meant(rule, call, i))
            call->results[i] = (struct sp_result){rule->class, rule->column, "a fault by rule in this entry"};
    call->partial = true;
    return call->op == WRAP_WRITE ? fail(rule, call, err) : 0;
}

static int apply(struct wrap_handle *handle, struct wrap_call *call, bool after, struct sp_error *err)
{
    const struct fault_config *config = handle->stage->config;
    const struct fault *fault = handle->stage->own;
    for (size_t i = 0; i < fault->rule_count; i++) {
        const struct fault_rule *rule = &fault->rules[i];
        if (rule->after != after || !fault_rule_fires(rule, call, config->seed))
            continue;
        if (rule->delay_ns && !wrap_sleep(handle, call, rule->delay_ns))
            return atomic_load(&handle->interrupted)
                       ? sp_fail(err, SP_STOPPED, "interrupted")
                       : sp_fail(err, SP_UNAVAILABLE, "took longer than it may");
        if (rule->class != SP_OK)
            return rule->entries == FAULT_WHOLE ? fail(rule, call, err) : fail_entries(rule, call, err);
    }
    return 0;
}

int wrap_hook_before(struct wrap_handle *handle, struct wrap_call *call, struct sp_error *err)
{
    int rc = apply(handle, call, false, err);
    if (rc != 0)
        record(handle, call, rc, err);
    return rc;
}

int wrap_hook_after(struct wrap_handle *handle, struct wrap_call *call, int rc, struct sp_error *err)
{
    if (rc == 0)
        rc = apply(handle, call, true, err);
    record(handle, call, rc, err);
    return rc;
}
