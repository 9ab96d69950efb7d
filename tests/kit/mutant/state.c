/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "mutant.h"

#include <ctype.h>
#include <time.h>

static const struct sp_state_ops *inner;

static const char *changed_name(const char *name, char room[200])
{
    size_t size = strnlen(name, 199);
    for (size_t i = 0; i < size; i++)
        room[i] = (char)(mutant_is("names-ignore-case") ? tolower((unsigned char)name[i]) : name[i]);
    room[mutant_is("names-are-cut") && size > 1 ? 1 : size] = '\0';
    return room;
}

static int get(void *handle, const char *name, struct sp_arena *arena, struct sp_slice *value_out,
               int64_t *version_out, int64_t deadline, struct sp_error *err)
{
    char room[200];
    int rc = inner->get(handle, changed_name(name, room), arena, value_out, version_out, deadline, err);
    if (rc == 0 && mutant_is("values-end-at-nul") && value_out->size)
        value_out->size = strnlen(value_out->data, value_out->size);
    if (rc == 0 && mutant_is("versions-come-back") && *version_out)
        *version_out = *version_out % 3 + 1;
    return rc;
}

/* Version -1 is never there: says which one is.  Looks, then writes: what comes between is lost. */
static int put_loosely(void *handle, const char *name, struct sp_slice value, int64_t expected,
                       bool *swapped_out, int64_t *version_out, int64_t deadline, struct sp_error *err)
{
    int64_t now;
    int rc = inner->put(handle, name, value, -1, swapped_out, &now, deadline, err);
    int64_t shown = now && mutant_is("versions-come-back") ? now % 3 + 1 : now;
    if (rc != 0 || (shown != expected && !mutant_is("swaps-always"))) {
        *version_out = shown;
        return rc;
    }
    nanosleep(&(struct timespec){.tv_nsec = SP_MILLISECOND}, NULL);
    do
        rc = inner->put(handle, name, value, now, swapped_out, &now, deadline, err);
    while (rc == 0 && !*swapped_out);
    *version_out = mutant_is("versions-come-back") ? now % 3 + 1 : now;
    return rc;
}

static int put_late(void *handle, struct sp_slice value, bool *swapped_out, int64_t *version_out,
                    int64_t deadline, struct sp_error *err)
{
    static char held[64];
    static size_t size;
    struct sp_slice late = {held, size};
    int64_t now = 0;
    if (size && inner->put(handle, "count", late, -1, swapped_out, &now, deadline, err) != 0)
        return -1;
    int rc = size ? inner->put(handle, "count", late, now, swapped_out, version_out, deadline, err) : 0;
    size = value.size < sizeof held ? value.size : sizeof held;
    memcpy(held, value.data, size);
    *swapped_out = true;
    *version_out = *version_out > 0 ? *version_out : 1;
    return rc;
}

static int put(void *handle, const char *name, struct sp_slice value, int64_t expected, bool *swapped_out,
               int64_t *version_out, int64_t deadline, struct sp_error *err)
{
    char room[200];
    name = changed_name(name, room);
    if (mutant_is("put-is-late"))
        return put_late(handle, value, swapped_out, version_out, deadline, err);
    if (mutant_is("versions-come-back") || mutant_is("swaps-always") || mutant_is("swaps-loosely"))
        return put_loosely(handle, name, value, expected, swapped_out, version_out, deadline, err);
    int rc = inner->put(handle, name, value, expected, swapped_out, version_out, deadline, err);
    if (rc == 0 && !*swapped_out && mutant_is("version-is-not-told"))
        *version_out = expected;
    return rc;
}

const struct sp_state_ops *mutant_state(const struct sp_state_ops *ops)
{
    static const struct sp_state_ops changed = {.size = sizeof changed, .get = get, .put = put};
    inner = ops;
    return &changed;
}
