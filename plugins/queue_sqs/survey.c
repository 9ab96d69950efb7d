/* SPDX-License-Identifier: Apache-2.0 */
/* What one should know of a queue before one relies on it, in sentences: `scanpipe check --online`. */
#include <config.h>

#include "findings.h"

/* Who we are is asked of another service, which a policy may forbid: that is no mistake. */
static void say_who(struct sqs_handle *handle, struct findings *findings, int64_t deadline)
{
    struct aws *aws = handle->sqs->aws;
    struct sp_error why = {0};
    struct aws_place place;
    const char *text, *arn;
    if (aws_place(aws, handle->http, &place, deadline, &why) != 0)
        return;
    findings_of_place(findings, &place);
    if (aws_describe(aws, handle->http, findings->arena, &text, deadline, &why) != 0)
        return;
    findings_say(findings, SP_INFO, sp_arena_printf(findings->arena, "credentials: %s", text));
    if (aws_identity(aws, handle->http, findings->arena, &arn, deadline, &why) == 0)
        findings_say(findings, SP_INFO, sp_arena_printf(findings->arena, "these are of %s", arn));
    else
        findings_say(findings, SP_INFO,
                     sp_arena_printf(findings->arena, "whose these are is not known: %s", why.text));
}

/* As much as can be told, also of a queue that does not answer; why it does not, probe says. */
int sqs_survey(void *opened, struct sp_arena *arena, const struct sp_finding **list_out, size_t *count_out,
               int64_t deadline, struct sp_error *err)
{
    struct sqs_handle *handle = opened;
    struct findings findings = {.arena = arena};
    struct sqs_attributes attributes;
    struct sp_error ignored = {0};
    (void)err;
    say_who(handle, &findings, deadline);
    if (sqs_read_attributes(handle, 0, &attributes, deadline, &ignored) == 0)
        findings_of_queue(&findings, &attributes, handle->sqs->holds_letters);
    struct sp_finding *list = sp_arena_alloc(arena, findings.count * sizeof *list);
    memcpy(list, findings.list, findings.count * sizeof *list);
    *list_out = list;
    *count_out = findings.count;
    return 0;
}
