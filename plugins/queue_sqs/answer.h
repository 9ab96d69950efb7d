/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUEUE_SQS_ANSWER_H
#define QUEUE_SQS_ANSWER_H

/* The bytes of an answer as JSON, and what an answer says that is no 200.  Pure. */

#include "code.h"

#include <scanpipe/base.h>

#include <json-c/json.h>

/* An object, for SP_AUTO(answer_free); no bytes are an empty one.  NULL: it is none. */
json_object *answer_parse(struct sp_slice body);
void answer_free(json_object **answer);

/* A member, or NULL; also of what is no object. */
json_object *answer_member(json_object *object, const char *name);
/* The text of a member, or "" where it is none. */
const char *answer_text(json_object *object, const char *name);
/* The bytes of a member that is a text; none where it is none. */
struct sp_slice answer_bytes(json_object *object, const char *name);
/* A number in a text, as SQS writes them: `otherwise` where it is none, negative, or beyond 48 bits, which no
 * count and no time in milliseconds ever is. */
int64_t answer_number(json_object *object, const char *name, int64_t otherwise);
/* A member that is an array, and how many it has; 0 where there is none. */
json_object *answer_list(json_object *object, const char *name, size_t *count_out);

/* How much of a message may be told: its first line, and no header of ours that it repeats.  What follows may
 * be the request as it was signed, session token and all. */
size_t answer_tellable(const char *message);

struct refusal {
    char code[CODE_SIZE]; /* "": SQS did not say it */
    char message[200];    /* as far as it may be told */
};

/* `query_error`: the header x-amzn-query-error, which counts where the JSON has no __type; or NULL. */
void answer_read_refusal(struct sp_slice body, const char *query_error, struct refusal *out);

/* Where requests go, and the region that the queue's URL names; "" or NULL: none. */
struct answer_regions {
    const char *ours, *ours_from, *of_url;
};

/* Says in *err what a refusal means, and what to do. */
int answer_fail(const char *operation, const struct refusal *refusal, long status,
                const struct answer_regions *regions, struct sp_error *err);

#endif
