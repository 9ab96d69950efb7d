/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUEUE_SQS_SQS_H
#define QUEUE_SQS_SQS_H

/*
 * What the parts of queue_sqs share: options, the loaded stage, a handle, and one call of the JSON protocol.
 * Amazon SQS Developer Guide, "Making Query API requests using AWS JSON protocol"; limits: "Amazon SQS
 * message quotas".
 */

#include <scanpipe/plugin.h>

#include "answer.h"
#include "text.h"

#include <lib_aws/aws.h>
#include <pthread.h>

enum {
    SQS_ENTRIES = 10,            /* of a batch */
    SQS_MESSAGE_BYTES = 1048576, /* of a message, and of a batch, with the attributes */
    SQS_ATTRIBUTE_ROOM = 256,    /* for ours: names, types and values */
    SQS_WAIT_S = 20,             /* of a long poll */
    SQS_TIMEOUT_S = 30,          /* of a request, beside the wait of a long poll */
    SQS_CHECK_AGE_S = 300,       /* the queue's attributes are read again after so long */
};

/* A message may be leased for so long, from the receive on. */
#define SQS_LEASE_MAX_NS (12 * 3600 * SP_SECOND)

#define SQS_NO_FIFO                                                                                          \
    "this is a FIFO queue: it is slow and dear, and nothing needs its order, for the table decides by the "  \
    "events' own; make a standard queue"

/* The options of a queue and of letters are the same. */
struct sqs_config {
    const char *url; /* of the queue, as SQS gave it */
    const char *region, *endpoint, *profile;
    const char *access_key_id, *secret_access_key, *session_token;
    const char *tls_ca, *proxy;
    int64_t connect_timeout;
};

/* What the queue says of itself. */
struct sqs_attributes {
    int64_t message_bytes;     /* MaximumMessageSize */
    int64_t retention_s;       /* MessageRetentionPeriod */
    int64_t visibility_s;      /* VisibilityTimeout */
    int64_t max_receive_count; /* of RedrivePolicy; 0: there is none */
    uint64_t visible, leased, delayed;
    char dead_letter_arn[256], arn[256];
    bool fifo;
};

/* A stage, shared by its handles. */
struct sqs {
    const struct sqs_config *config;
    const char *pipeline;
    struct http_settings http;
    bool holds_letters; /* not the queue of events */
    struct aws *aws;
    pthread_mutex_t lock;       /* of what follows */
    struct sqs_attributes last; /* as the queue said last */
    int64_t read_at;            /* sp_clock_now() of that; 0: never */
    int64_t age_told_at;        /* that messages grow old was told; 0: never */
};

/* Of one thread; interrupt() alone comes from another. */
struct sqs_handle {
    struct sqs *sqs;
    struct http *http;
    size_t large_bytes;         /* about the largest message that came lately */
    struct text request;        /* kept, so that it is not allocated at each call */
    char code[CODE_SIZE];       /* of SQS, why the last call failed; "": it did not say */
    char why[SQS_ENTRIES][160]; /* what the results of the last call say */
    struct holding *holding;    /* what a scan of letters holds back from others; see holding.h */
};

/*
 * One call: the JSON in handle->request.  0: *out is the answer of a 200, for SP_AUTO(answer_free).  -1: *err
 * is classified by the answer's code, which is in handle->code.  `wait_ns`: how long SQS may hold the answer
 * back.
 */
int sqs_call(struct sqs_handle *handle, const char *operation, int64_t wait_ns, json_object **out,
             int64_t deadline, struct sp_error *err) SP_MUST_CHECK;

/* Begins handle->request with `{"QueueUrl":"..."`. */
void sqs_begin_request(struct sqs_handle *handle);

/* Begins and ends handle->request of a ReceiveMessage. */
void sqs_ask_receive(struct sqs_handle *handle, size_t most, int64_t lease_s, int64_t wait_s);

/* What an answer of GetQueueAttributes says.  False: not how much is in the queue, which might pass for
 * empty. Pure. */
bool sqs_take_attributes(json_object *answer, struct sqs_attributes *out);

/* What the queue says of itself, from memory where it was read within `age_ns`. */
int sqs_read_attributes(struct sqs_handle *handle, int64_t age_ns, struct sqs_attributes *out,
                        int64_t deadline, struct sp_error *err) SP_MUST_CHECK;

/* Tells, now and then, of a message that was sent then and may be forgotten before it is done; 0: not known.
 */
void sqs_watch_age(struct sqs_handle *handle, int64_t sent_wall_ms);

int sqs_send(void *handle, const struct sp_message *messages, size_t count, struct sp_result *results,
             int64_t deadline, struct sp_error *err);
int sqs_receive(void *handle, const struct sp_receive *want, struct sp_arena *arena,
                const struct sp_received **messages, size_t *count, int64_t deadline, struct sp_error *err);
int sqs_settle(void *handle, const struct sp_settle *entries, size_t count, struct sp_result *results,
               int64_t deadline, struct sp_error *err);
int sqs_extend(void *handle, const struct sp_slice *receipts, size_t count, int64_t lease_ns,
               struct sp_result *results, int64_t deadline, struct sp_error *err);
int sqs_depth(void *handle, struct sp_depth *depth, int64_t deadline, struct sp_error *err);
int sqs_limits(void *handle, struct sp_queue_limits *limits, int64_t deadline, struct sp_error *err);
int sqs_survey(void *handle, struct sp_arena *arena, const struct sp_finding **findings, size_t *count,
               int64_t deadline, struct sp_error *err);
int sqs_create(void *handle, const struct sp_create *want, struct sp_arena *arena, struct sp_created *created,
               int64_t deadline, struct sp_error *err);

#endif
