/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "entries.h"

#include "code.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void entries_begin(struct sqs_handle *handle, struct entries *entries)
{
    entries->count = 0;
    sqs_begin_request(handle);
    text_add(&handle->request, ",\"Entries\":[");
}

void entries_add(struct sqs_handle *handle, struct entries *entries, size_t index)
{
    assert(entries->count < SQS_ENTRIES && index < SQS_ENTRIES);
    text_printf(&handle->request, "%s{\"Id\":\"%zu\"", entries->count ? "," : "", entries->count);
    entries->index[entries->count++] = index;
}

void entries_say(struct sqs_handle *handle, struct sp_result *results, size_t index, enum sp_class class,
                 const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(handle->why[index], sizeof handle->why[index], format, arguments);
    va_end(arguments);
    results[index] = (struct sp_result){class, SP_NO_COLUMN, handle->why[index]};
}

/* The caller's entry that an item of the answer is about; false where there is none. */
static bool index_of(json_object *item, const struct entries *entries, size_t *out)
{
    const char *id = answer_text(item, "Id");
    if (id[0] < '0' || id[0] > '9' || id[1] || (size_t)(id[0] - '0') >= entries->count)
        return false;
    *out = entries->index[id[0] - '0'];
    return true;
}

static void take_failure(struct sqs_handle *handle, json_object *item, struct sp_result *results,
                         size_t index)
{
    const char *message = answer_text(item, "Message");
    bool sender_fault = json_object_get_boolean(answer_member(item, "SenderFault"));
    char code[CODE_SIZE];
    code_name(answer_text(item, "Code"), code);
    entries_say(handle, results, index, code_entry_class(code, sender_fault), "%s: %.*s", code,
                (int)answer_tellable(message), message);
}

void entries_read(struct sqs_handle *handle, const char *operation, const struct entries *entries,
                  json_object *answer, struct sp_result *results, entry_succeeded *succeeded,
                  const void *context)
{
    size_t count, index;
    for (size_t i = 0; i < entries->count; i++)
        entries_say(handle, results, entries->index[i], SP_UNAVAILABLE,
                    "%s: the answer says nothing of this entry", operation);
    json_object *items = answer_list(answer, "Successful", &count);
    for (size_t i = 0; i < count; i++) {
        json_object *item = json_object_array_get_idx(items, i);
        if (!index_of(item, entries, &index))
            continue;
        results[index] = (struct sp_result){SP_OK, SP_NO_COLUMN, NULL};
        if (succeeded)
            succeeded(handle, context, index, item, results);
    }
    items = answer_list(answer, "Failed", &count);
    for (size_t i = 0; i < count; i++) {
        json_object *item = json_object_array_get_idx(items, i);
        if (index_of(item, entries, &index))
            take_failure(handle, item, results, index);
    }
}

int entries_call(struct sqs_handle *handle, const char *operation, const struct entries *entries,
                 struct sp_result *results, entry_succeeded *succeeded, const void *context, int64_t deadline,
                 struct sp_error *err)
{
    SP_AUTO(answer_free) json_object *answer = NULL;
    text_add(&handle->request, "]}");
    if (sqs_call(handle, operation, 0, &answer, deadline, err) != 0)
        return -1;
    entries_read(handle, operation, entries, answer, results, succeeded, context);
    return 0;
}
