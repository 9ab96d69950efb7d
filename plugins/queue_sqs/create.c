/* SPDX-License-Identifier: Apache-2.0 */
/* Making the queue, or the one for dead letters, with the attributes that the pipeline needs; and the policy
 * that allows what the pipeline does and no more. */
#include <config.h>

#include "wanted.h"

enum { STEPS = 2 };

struct making {
    struct sqs_handle *handle;
    struct sp_create want;
    struct sp_arena *arena;
    const char *name; /* of the queue */
    const char **steps;
    size_t step_count;
};

static void step(struct making *making, const char *text)
{
    making->steps[making->step_count++] = text;
}

static int set_attributes(struct making *making, int64_t deadline, struct sp_error *err)
{
    step(making, sp_arena_printf(making->arena, "%s the attributes of '%s': %s",
                                 making->want.apply ? "set" : "would set", making->name,
                                 wanted_summary(&making->want, making->arena)));
    if (!making->want.apply)
        return 0;
    SP_AUTO(answer_free) json_object *answer = NULL;
    sqs_begin_request(making->handle);
    text_add(&making->handle->request, ",\"Attributes\":{");
    wanted_add(&making->want, &making->handle->request);
    text_add(&making->handle->request, "}}");
    return sqs_call(making->handle, "SetQueueAttributes", 0, &answer, deadline, err);
}

static int make(struct making *making, int64_t deadline, struct sp_error *err)
{
    step(making,
         sp_arena_printf(making->arena, "%s the queue '%s': %s", making->want.apply ? "made" : "would make",
                         making->name, wanted_summary(&making->want, making->arena)));
    if (!making->want.apply)
        return 0;
    SP_AUTO(answer_free) json_object *answer = NULL;
    struct text *request = &making->handle->request;
    text_clear(request);
    text_add(request, "{\"QueueName\":");
    text_string(request, sp_slice_of(making->name));
    text_add(request, ",\"Attributes\":{");
    wanted_add(&making->want, request);
    text_add(request, "}}");
    if (sqs_call(making->handle, "CreateQueue", 0, &answer, deadline, err) != 0)
        return -1;
    const char *url = answer_text(answer, "QueueUrl");
    if (strcmp(url, making->handle->sqs->config->url) == 0)
        return 0;
    (void)sp_fail(err, SP_REFUSED, "the queue '%s' was made, and is %s, not what the file says", making->name,
                  url);
    return sp_fail_cure(err, "write `url: %s`", url);
}

/* Brings the queue to what is wanted, or says what would be done; *attributes is what it says of itself, as
 * far as it is there.  Who may not look is told what else could be: often it is not there yet, nor is the
 * policy. */
static int bring(struct making *making, struct sqs_attributes *attributes, int64_t deadline,
                 struct sp_error *err)
{
    struct sqs_handle *handle = making->handle;
    if (sqs_read_attributes(handle, 0, attributes, deadline, err) == 0) {
        /* What gives up to another queue than ours goes on doing so, but not so soon. */
        if (!making->want.dead_letters && attributes->max_receive_count > 0)
            making->want.dead_letters = attributes->dead_letter_arn;
        return wanted_is_there(&making->want, attributes) ? 0 : set_attributes(making, deadline, err);
    }
    if (code_is_denied(handle->code) && !making->want.apply) {
        step(making, sp_arena_printf(making->arena, "whether there is a queue '%s' is not known: %s",
                                     making->name, err->text));
        return 0;
    }
    if (!code_is_no_queue(handle->code) || make(making, deadline, err) != 0)
        return -1;
    if (!making->want.apply || sqs_read_attributes(handle, 0, attributes, deadline, err) == 0)
        return 0;
    /* AWS may not find for a second what it has just made; what it is called follows from its URL. */
    return code_is_no_queue(handle->code) ? 0 : -1;
}

int sqs_create(void *opened, const struct sp_create *want, struct sp_arena *arena, struct sp_created *created,
               int64_t deadline, struct sp_error *err)
{
    struct sqs_handle *handle = opened;
    const char *url = handle->sqs->config->url;
    struct sqs_attributes attributes = {0};
    struct aws_place place;
    struct making making = {.handle = handle,
                            .want = *want,
                            .arena = arena,
                            .name = wanted_name(url),
                            .steps = sp_arena_alloc(arena, STEPS * sizeof(char *))};
    if (aws_place(handle->sqs->aws, handle->http, &place, deadline, err) != 0 ||
        bring(&making, &attributes, deadline, err) != 0)
        return -1;
    created->steps = making.steps;
    created->step_count = making.step_count;
    created->name = *attributes.arn ? sp_arena_text(arena, attributes.arn, strlen(attributes.arn))
                                    : wanted_arn(url, place.region, arena);
    created->policy = created->name ? wanted_policy(want->policy, created->name, arena) : want->policy;
    return 0;
}
