/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "held.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

void held_init(struct held *held)
{
    *held = (struct held){.fd = -1, .key = {sp_random(), sp_random()}};
}

void held_fini(struct held *held)
{
    free(held->messages);
    free(held->slots);
    if (held->fd >= 0)
        close(held->fd);
}

struct sp_digest128 held_digest(const struct held *held, const char *message_id)
{
    return sp_siphash128(held->key, message_id, strlen(message_id));
}

/* ---- finding by SQS's own id */

static bool is_same(struct sp_digest128 a, struct sp_digest128 b)
{
    return a.low == b.low && a.high == b.high;
}

static void put_slot(struct held *held, size_t index)
{
    size_t at = held->messages[index].message.low & (held->slot_count - 1);
    while (held->slots[at])
        at = (at + 1) & (held->slot_count - 1);
    held->slots[at] = (uint32_t)index + 1;
}

static void fill_slots(struct held *held)
{
    if (held->slots)
        memset(held->slots, 0, held->slot_count * sizeof *held->slots);
    for (size_t i = 0; i < held->count; i++)
        put_slot(held, i);
    held->sorted = false;
}

struct held_message *held_find(struct held *held, struct sp_digest128 message)
{
    if (held->count == 0)
        return NULL;
    if (held->sorted)
        fill_slots(held); /* sorting has moved them */
    for (size_t at = message.low & (held->slot_count - 1); held->slots[at];
         at = (at + 1) & (held->slot_count - 1))
        if (is_same(held->messages[held->slots[at] - 1].message, message))
            return &held->messages[held->slots[at] - 1];
    return NULL;
}

/* Room for one more; never more than half of the slots are taken. */
static bool grow(struct held *held)
{
    if (held->count < held->capacity)
        return true;
    size_t capacity = held->capacity ? held->capacity * 2 : 256;
    struct held_message *messages = realloc(held->messages, capacity * sizeof *messages);
    if (messages)
        held->messages = messages;
    uint32_t *slots = messages ? calloc(capacity * 2, sizeof *slots) : NULL;
    if (!slots)
        return false;
    free(held->slots);
    held->slots = slots;
    held->slot_count = capacity * 2;
    held->capacity = capacity;
    fill_slots(held);
    return true;
}

/* ---- the file */

static int make_file(struct held *held, struct sp_error *err)
{
    const char *folder = getenv("TMPDIR");
    if (!folder || !*folder)
        folder = "/tmp";
    held->fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (held->fd >= 0)
        return 0;
    (void)sp_fail(err, SP_UNAVAILABLE,
                  "cannot keep letters in a file of %s while they are looked through: %s", folder,
                  strerror(errno));
    return sp_fail_cure(err, "set TMPDIR to a folder with room");
}

static int append(struct held *held, struct sp_slice bytes, uint64_t *at_out, struct sp_error *err)
{
    if (held->fd < 0 && make_file(held, err) != 0)
        return -1;
    for (size_t done = 0; done < bytes.size;) {
        ssize_t some =
            pwrite(held->fd, bytes.data + done, bytes.size - done, (off_t)(held->file_size + done));
        if (some < 0 && errno == EINTR)
            continue;
        if (some <= 0) {
            (void)sp_fail(err, SP_UNAVAILABLE, "cannot keep letters while they are looked through: %s",
                          strerror(errno));
            return sp_fail_cure(err, "set TMPDIR to a folder with room");
        }
        done += (size_t)some;
    }
    *at_out = held->file_size;
    held->file_size += bytes.size;
    return 0;
}

int held_read(const struct held *held, uint64_t at, uint32_t size, char *out, struct sp_error *err)
{
    for (size_t done = 0; done < size;) {
        ssize_t some = pread(held->fd, out + done, size - done, (off_t)(at + done));
        if (some < 0 && errno == EINTR)
            continue;
        if (some <= 0)
            return sp_fail(err, SP_UNAVAILABLE, "cannot read what was kept of the letters: %s",
                           some == 0 ? "it is shorter than it was" : strerror(errno));
        done += (size_t)some;
    }
    out[size] = '\0';
    return 0;
}

/* ---- adding and forgetting */

int held_add(struct held *held, const struct held_message *message, struct sp_slice body, const char *receipt,
             struct held_message **out, struct sp_error *err)
{
    struct held_message *there = held_find(held, message->message), added = *message;
    if (append(held, sp_slice_of(receipt), &added.receipt_at, err) != 0)
        return -1;
    added.receipt_size = (uint32_t)strlen(receipt);
    if (there) {
        there->receipt_at = added.receipt_at;
        there->receipt_size = added.receipt_size;
        there->lease_end = added.lease_end;
        there->state = HELD_LEASED;
        *out = there;
        return 0;
    }
    if (append(held, body, &added.body_at, err) != 0)
        return -1;
    added.body_size = (uint32_t)body.size;
    if (held->sorted)
        fill_slots(held);
    if (!grow(held))
        return sp_fail(err, SP_UNAVAILABLE, "there is no memory left");
    held->messages[held->count++] = added;
    put_slot(held, held->count - 1);
    *out = &held->messages[held->count - 1];
    return 0;
}

void held_keep_leased(struct held *held, int64_t horizon)
{
    size_t left = 0;
    for (size_t i = 0; i < held->count; i++)
        if (held->messages[i].state == HELD_LEASED && held->messages[i].lease_end >= horizon)
            held->messages[left++] = held->messages[i];
    held->count = left;
    fill_slots(held);
    if (left > 0 || held->fd < 0)
        return;
    close(held->fd); /* all that it has is of no use any more */
    held->fd = -1;
    held->file_size = 0;
}

size_t held_due(const struct held *held, int64_t now, int64_t lease_ns, size_t *at, size_t *indexes,
                size_t most, int64_t *from_out)
{
    int64_t soonest = now + lease_ns;
    size_t count = 0;
    for (size_t seen = 0; seen < held->count && count < most; seen++) {
        size_t index = *at < held->count ? *at : 0;
        const struct held_message *message = &held->messages[index];
        *at = index + 1;
        if (message->state != HELD_LEASED || message->lease_end <= now)
            continue;
        if (message->lease_end < now + lease_ns / 3)
            indexes[count++] = index;
        else if (message->lease_end < soonest)
            soonest = message->lease_end;
    }
    if (count == 0)
        *from_out = soonest - lease_ns / 3;
    return count;
}

/* ---- by letter */

static int compare(const void *left, const void *right)
{
    const struct held_message *a = left, *b = right;
    if (a->bare != b->bare)
        return a->bare ? 1 : -1;
    int order = memcmp(a->id, b->id, sizeof a->id);
    if (order == 0)
        order = copies_compare(&a->copy, &b->copy);
    if (order == 0 && a->copy.attempts != b->copy.attempts)
        order = a->copy.attempts < b->copy.attempts ? -1 : 1;
    return order ? order : a->message.low < b->message.low ? -1 : 1;
}

void held_sort(struct held *held)
{
    if (held->count)
        qsort(held->messages, held->count, sizeof *held->messages, compare);
    held->sorted = true;
}

size_t held_group(const struct held *held, size_t at)
{
    size_t end = at + 1;
    while (end < held->count && held->messages[end].bare == held->messages[at].bare &&
           memcmp(held->messages[end].id, held->messages[at].id, SP_SHA256_SIZE) == 0)
        end++;
    return end - at;
}

size_t held_look_up(const struct held *held, const unsigned char id[SP_SHA256_SIZE])
{
    size_t low = 0, high = held->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct held_message *message = &held->messages[middle];
        if (!message->bare && memcmp(message->id, id, SP_SHA256_SIZE) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < held->count && !held->messages[low].bare &&
                 memcmp(held->messages[low].id, id, SP_SHA256_SIZE) == 0;
    return found ? low : held->count;
}

struct history held_fold(const struct held *held, size_t at, const struct held_message **newest_out)
{
    struct history history = {0};
    size_t end = at + held_group(held, at);
    *newest_out = NULL;
    for (; at < end; at++)
        if (held->messages[at].state != HELD_GONE) {
            copies_fold(&history, &held->messages[at].copy);
            *newest_out = &held->messages[at];
        }
    return history;
}
