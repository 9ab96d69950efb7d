/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ops/redrive.h"

#include "base/arena.h"
#include "engine/framing.h"
#include "engine/oversize.h"
#include "engine/place.h"
#include "engine/rate.h"
#include "ops/folded.h"
#include "ops/records.h"
#include "ops/remove.h"
#include "ops/send.h"

#include <scanpipe/envelope.h>

/* One send has at most so much, so that what is killed repeats little. */
enum { SEND_MESSAGES = 50, SEND_BYTES = 4 << 20 };

/* With a rate, one send is what this time allows. */
static const int64_t rate_grain_ns = 100 * SP_MILLISECOND;

struct driving {
    const struct pipeline *pipeline;
    const struct redrive *redrive;
    struct redrive_report *report;
    struct hand letters, queue;
    struct rate rate;
    size_t most, most_bytes; /* of one send */
    size_t most_of_one;      /* bytes of a message */
    struct sp_arena *arena;  /* of what is being sent */

    /* What the next send has. */
    struct sp_message messages[SEND_MESSAGES];
    const struct sp_letter *from[SEND_MESSAGES];
    size_t count, bytes;
};

/* A queue may hold less than its kind does.  A dry run does not ask it. */
static void set_limits(struct driving *driving, const struct sp_queue_limits *said)
{
    const struct sp_capabilities *can = &driving->pipeline->queue.plugin->capabilities;
    const struct sp_rate *rate = &driving->redrive->rate;
    driving->most = plugin_most(can->batch_messages, SEND_MESSAGES);
    driving->most_bytes = plugin_most(said->batch_bytes, plugin_most(can->batch_bytes, SEND_BYTES));
    driving->most_of_one = plugin_most(said->message_bytes, plugin_most(can->message_bytes, SIZE_MAX));
    if (rate->count > 0) {
        int64_t some = rate->count / (rate->per_ns / rate_grain_ns);
        driving->most = plugin_most(some > 0 ? some : 1, driving->most);
    }
}

static void leave(struct driving *driving, const struct sp_letter *letter, const struct sp_error *why)
{
    driving->report->left++;
    driving->redrive->tell_left(driving->redrive->context, letter, why);
}

/* The message that carries the letter's event; -1: it cannot be sent, and why. */
static int make_message(struct driving *driving, const struct sp_letter *letter, struct sp_message *out,
                        struct sp_error *why)
{
    const struct pipeline *pipeline = driving->pipeline;
    struct sp_letter whole = *letter;
    if (oversize_read(pipeline->letters_options.oversize, &whole, pipeline->max_event_bytes, driving->arena,
                      why) != 0)
        return why->class == SP_REJECTED ? sp_fail_cure(why, "set a larger max_event_bytes, and do it again")
                                         : -1;
    struct sp_slice body = sp_envelope_format(&whole, driving->arena);
    if (body.size > driving->most_of_one)
        return sp_fail(why, SP_REJECTED, "it has %zu bytes as a message, more than the queue can hold",
                       body.size);
    struct sp_attribute *attributes = sp_arena_alloc(driving->arena, 2 * sizeof *attributes);
    attributes[0] = (struct sp_attribute){sp_slice_of(FRAMING_FORMAT), sp_slice_of(FRAMING_ENVELOPE)};
    attributes[1] = (struct sp_attribute){sp_slice_of(FRAMING_CURSOR), sp_slice_of(whole.cursor)};
    *out = (struct sp_message){body, attributes, whole.cursor ? 2 : 1, 1};
    return 0;
}

/* One call.  0: *results say how each came out. */
static int send_once(struct driving *driving, struct sp_result *results, struct sp_error *err)
{
    struct hand *hand = &driving->queue;
    const struct sp_queue_ops *ops = hand->stage->plugin->about.queue;
    memset(results, 0, driving->count * sizeof *results);
    return ops->send(hand->handle, driving->messages, driving->count, results, hand_begin(hand), err);
}

/* Moves what is durable into `seen`, tells what can never be, and keeps the others for another call: -1. */
static int sort_results(struct driving *driving, const struct sp_result *results, struct seen_letter *seen,
                        size_t *seen_count, struct sp_error *err)
{
    size_t left = 0;
    for (size_t i = 0; i < driving->count; i++) {
        const struct sp_letter *letter = driving->from[i];
        const char *text = results[i].text ? results[i].text : "the queue did not take a message";
        if (results[i].class == SP_OK) {
            struct seen_letter *one = &seen[(*seen_count)++];
            *one = (struct seen_letter){{.version = letter->version}, letter->place != NULL};
            memcpy(one->ref.id, letter->id, sizeof one->ref.id);
        } else if (results[i].class == SP_REJECTED) {
            struct sp_error why = {0};
            sp_fail(&why, SP_REJECTED, "the queue rejects it: %s", text);
            leave(driving, letter, &why);
        } else {
            sp_fail(err, results[i].class, "%s", text);
            driving->from[left] = letter;
            driving->messages[left++] = driving->messages[i];
        }
    }
    driving->count = left;
    return left > 0 ? -1 : 0;
}

/* Sends what was gathered, and removes what the queue has. */
static int flush(struct driving *driving, struct sp_error *err)
{
    struct redrive_report *report = driving->report;
    struct seen_letter seen[SEND_MESSAGES];
    struct sp_result results[SEND_MESSAGES];
    size_t seen_count = 0;
    bool failed = driving->count > 0;
    while (failed) {
        failed = send_once(driving, results, err) != 0 ||
                 sort_results(driving, results, seen, &seen_count, err) != 0;
        if (failed && !hand_again(&driving->queue, err))
            break;
    }
    /* Also where the rest could not be sent: what is in the queue is not among the letters. */
    report->sent += seen_count;
    struct sp_error other = {0};
    int removed = remove_letters(&driving->letters, driving->pipeline->letters_options.oversize, seen,
                                 seen_count, &report->removed, failed ? &other : err);
    hand_well(&driving->queue);
    driving->count = driving->bytes = 0;
    driving->redrive->tell_progress(driving->redrive->context, report);
    return failed || removed != 0 ? -1 : 0;
}

/* Waits for the turns of so many letters.  False: the stop was asked for. */
static bool take_turns(struct driving *driving, size_t count)
{
    const struct redrive *redrive = driving->redrive;
    int64_t wait = 0, now = sp_clock_now();
    for (size_t i = 0; i < count; i++)
        wait = rate_take(&driving->rate, &redrive->rate, now);
    return redrive->pause(redrive->context, wait);
}

static enum scan_answer stop_here(struct driving *driving)
{
    driving->report->stopped = true;
    return SCAN_ENOUGH;
}

/* Sends what was gathered when its turns come. */
static enum scan_answer flush_in_turn(struct driving *driving, struct sp_error *err)
{
    if (!take_turns(driving, driving->count))
        return stop_here(driving);
    return flush(driving, err) == 0 ? SCAN_ON : SCAN_FAILED;
}

/* Gathers one letter, and sends where there is enough, or no room for it. */
static enum scan_answer take_letter(struct driving *driving, const struct sp_letter *letter,
                                    struct sp_error *err)
{
    struct sp_message message;
    struct sp_error why = {0};
    if (driving->count == 0)
        arena_reset(driving->arena, 1 << 20);
    if (make_message(driving, letter, &message, &why) != 0) {
        leave(driving, letter, &why);
        return SCAN_ON;
    }
    if (driving->redrive->dry_run) {
        driving->report->sent++;
        return SCAN_ON;
    }
    if (driving->count > 0 && driving->bytes + message.body.size > driving->most_bytes) {
        enum scan_answer answer = flush_in_turn(driving, err);
        /* The message is made again: its memory was that of what was sent. */
        return answer == SCAN_ON ? take_letter(driving, letter, err) : answer;
    }
    driving->from[driving->count] = letter;
    driving->messages[driving->count++] = message;
    driving->bytes += message.body.size;
    return driving->count < driving->most ? SCAN_ON : flush_in_turn(driving, err);
}

static enum scan_answer take_letters(void *context, const struct sp_letter *letters, size_t count,
                                     struct sp_error *err)
{
    struct driving *driving = context;
    enum scan_answer answer = SCAN_ON;
    for (size_t i = 0; i < count && answer == SCAN_ON; i++) {
        driving->report->selected++;
        driving->report->bytes += letters[i].event.size;
        answer = take_letter(driving, &letters[i], err);
    }
    /* Letters live until this returns, so nothing may stay gathered. */
    if (answer == SCAN_ON && driving->count > 0)
        answer = flush_in_turn(driving, err);
    if (answer == SCAN_ON && !driving->redrive->pause(driving->redrive->context, 0))
        answer = stop_here(driving);
    return answer;
}

static int drive(struct driving *driving, struct sp_error *err)
{
    struct letters_query query = driving->redrive->query;
    int64_t now = sp_clock_wall_ms(), *until = &query.filter.until_wall_ms;
    if (*until == 0 || *until > now)
        *until = now;
    if (hand_open(&driving->letters, &driving->pipeline->letters, err) != 0)
        return -1;
    struct sp_queue_limits said = {.size = sizeof said};
    if (!driving->redrive->dry_run && (hand_open(&driving->queue, &driving->pipeline->queue, err) != 0 ||
                                       hand_limits(&driving->queue, &said, err) != 0))
        return -1;
    set_limits(driving, &said);
    return choose_letters(&driving->letters, driving->pipeline->name, &query, take_letters, driving, err);
}

/* The queue and the letters may be elsewhere than the state, so one that does not answer keeps nothing back.
 */
static int check_rules(const struct pipeline *pipeline, const struct redrive *redrive, struct sp_error *err)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(16384);
    SP_AUTO(hand_close) struct hand state = {0};
    struct sp_error why = {0};
    struct folded folded;
    if (!folded_is_kept(pipeline))
        return 0;
    if (records_open(&state, pipeline, &why) != 0 ||
        folded_read(&state, pipeline, arena, &folded, &why) != 0) {
        redrive->tell_unasked(redrive->context, &why);
        return 0;
    }
    return folded.change == TABLE_REFUSED ? place_refuse_rules(pipeline, folded.what, err) : 0;
}

int redrive_run(const struct pipeline *pipeline, const struct redrive *redrive,
                struct redrive_report *report_out, struct sp_error *err)
{
    struct driving driving = {.pipeline = pipeline, .redrive = redrive, .report = report_out};
    *report_out = (struct redrive_report){0};
    if (sending_check(pipeline, "take the events out with 'scanpipe dlq export'", err) != 0 ||
        check_rules(pipeline, redrive, err) != 0)
        return -1;
    driving.arena = arena_new(64 * 1024);
    int result = drive(&driving, err);
    hand_close(&driving.queue);
    hand_close(&driving.letters);
    arena_free(driving.arena);
    return result;
}
