/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUEUE_SQS_ENTRIES_H
#define QUEUE_SQS_ENTRIES_H

/*
 * The actions with a batch of entries: the request has Entries with Ids "0" to "9", the answer has Successful
 * and Failed, either of which may be absent.  An entry that is in neither is as one that failed.
 */

#include "sqs.h"

/* Which entries of the caller the ones of the request are. */
struct entries {
    size_t index[SQS_ENTRIES];
    size_t count;
};

/* Begins the request: {"QueueUrl":"...","Entries":[ */
void entries_begin(struct sqs_handle *handle, struct entries *entries);
/* Begins an entry, {"Id":"n" , for the caller's entry `index`; the caller adds members and `}`. */
void entries_add(struct sqs_handle *handle, struct entries *entries, size_t index);

/* Looks at what is said of an entry that went well, and may change its result. */
typedef void entry_succeeded(struct sqs_handle *handle, const void *context, size_t index, json_object *said,
                             struct sp_result *results);

/* Ends the request, calls, and fills the results of these entries.  `succeeded` may be NULL. */
int entries_call(struct sqs_handle *handle, const char *operation, const struct entries *entries,
                 struct sp_result *results, entry_succeeded *succeeded, const void *context, int64_t deadline,
                 struct sp_error *err) SP_MUST_CHECK;

/* What the answer says of these entries, without calling.  Pure but for the texts in the handle. */
void entries_read(struct sqs_handle *handle, const char *operation, const struct entries *entries,
                  json_object *answer, struct sp_result *results, entry_succeeded *succeeded,
                  const void *context);

/* Says of the caller's entry how it came out; the text is kept in the handle. */
void entries_say(struct sqs_handle *handle, struct sp_result *results, size_t index, enum sp_class class,
                 const char *format, ...) SP_PRINTF(5, 6);

#endif
