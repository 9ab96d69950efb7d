/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "findings.h"

#include <inttypes.h>

enum { RECEIVES_WANTED = 1000, DAYS_WANTED = 14, LEASED_MANY = 100000 };

void findings_say(struct findings *findings, enum sp_level level, const char *text)
{
    if (findings->count < FINDINGS)
        findings->list[findings->count++] = (struct sp_finding){level, text};
}

void findings_of_place(struct findings *findings, const struct aws_place *place)
{
    struct sp_arena *arena = findings->arena;
    findings_say(findings, SP_INFO,
                 sp_arena_printf(arena, "region %s (%s), endpoint %s (%s)", place->region, place->region_from,
                                 place->endpoint, place->endpoint_from));
    if (place->url_region && strcmp(place->url_region, place->region) != 0)
        findings_say(findings, SP_WARN,
                     sp_arena_printf(arena, "the url is in %s, and requests are for %s: give `region: %s`",
                                     place->url_region, place->region, place->url_region));
}

static const char *hours_or_days(int64_t seconds, struct sp_arena *arena)
{
    if (seconds >= 2 * 86400 && seconds % 86400 == 0)
        return sp_arena_printf(arena, "%" PRId64 " days", seconds / 86400);
    return sp_arena_printf(arena, "%" PRId64 " h", seconds / 3600);
}

static void say_retention(const struct sqs_attributes *attributes, struct findings *findings)
{
    struct sp_arena *arena = findings->arena;
    if (attributes->retention_s <= 0)
        return;
    const char *kept = hours_or_days(attributes->retention_s, arena);
    bool enough = attributes->retention_s >= DAYS_WANTED * 86400;
    findings_say(
        findings, enough ? SP_INFO : SP_WARN,
        sp_arena_printf(arena,
                        "MessageRetentionPeriod is %s: an outage that lasts longer loses messages, and "
                        "scanpipe warns from half of it on%s",
                        kept, enough ? "" : "; 14 days are possible"));
}

static void say_redrive(const struct sqs_attributes *attributes, struct findings *findings)
{
    struct sp_arena *arena = findings->arena;
    int64_t most = attributes->max_receive_count;
    if (most == 0)
        findings_say(findings, SP_INFO,
                     "RedrivePolicy: none; scanpipe keeps its own dead letters, and SQS gives up no message");
    else if (most < RECEIVES_WANTED)
        findings_say(
            findings, SP_WARN,
            sp_arena_printf(arena,
                            "RedrivePolicy: maxReceiveCount is %" PRId64
                            ": restarts in a long outage would move good messages to %s; make it 1000",
                            most, attributes->dead_letter_arn));
    else
        findings_say(findings, SP_INFO,
                     sp_arena_printf(arena, "RedrivePolicy: after %" PRId64 " receives to %s", most,
                                     attributes->dead_letter_arn));
}

/* `upkeep` sends a letter again before it is too old. */
static void say_letters(const struct sqs_attributes *attributes, struct findings *findings)
{
    const char *kept = hours_or_days(attributes->retention_s, findings->arena);
    findings_say(
        findings, SP_INFO,
        sp_arena_printf(
            findings->arena,
            "MessageRetentionPeriod is %s: the pipeline renews dead letters before it ends; where none "
            "runs for a quarter of it, they are lost",
            kept));
    if (attributes->max_receive_count > 0)
        findings_say(
            findings, SP_WARN,
            sp_arena_printf(findings->arena,
                            "RedrivePolicy: each look at dead letters receives them, and after %" PRId64
                            " times they go to %s, where nobody looks: remove it from this queue",
                            attributes->max_receive_count, attributes->dead_letter_arn));
}

void findings_of_queue(struct findings *findings, const struct sqs_attributes *attributes, bool letters)
{
    struct sp_arena *arena = findings->arena;
    findings_say(findings, SP_INFO,
                 sp_arena_printf(arena, "about %" PRIu64 " messages, %" PRIu64 " of them leased",
                                 attributes->visible + attributes->delayed + attributes->leased,
                                 attributes->leased));
    if (attributes->leased >= LEASED_MANY)
        findings_say(
            findings, SP_WARN,
            "SQS leases 120,000 messages and no more, and then hands none out: let workers finish, or "
            "set `pack` so that a message carries more events");
    if (attributes->fifo)
        findings_say(findings, SP_ERROR, SQS_NO_FIFO);
    findings_say(findings, SP_INFO,
                 sp_arena_printf(arena, "MaximumMessageSize is %" PRId64 " KiB",
                                 attributes->message_bytes / 1024));
    if (letters) {
        say_letters(attributes, findings);
        return;
    }
    say_retention(attributes, findings);
    say_redrive(attributes, findings);
}
