/* SPDX-License-Identifier: Apache-2.0 */
/* Queues: leases. */
#include <config.h>

#include "queue_kit.h"

/* The lease of the message ended; it comes again, to the handle. */
static const struct sp_received *again(struct queue *queue, void *handle, int64_t lease_ns)
{
    return queue_receive_one(queue, handle, lease_ns);
}

static void leased_is_invisible(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    queue_send_text(&queue, queue.one, "{}");
    const struct sp_received *got = queue_receive_one(&queue, queue.one, QUEUE_LONG);
    queue_require_none(&queue, queue.other, "the only message is leased");
    queue_require_none(&queue, queue.one, "the only message is leased, by this handle itself");
    queue_settle(&queue, queue.one, got, 1, true);
}

static void lease_ends(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    queue_send_text(&queue, queue.one, "{}");
    const struct sp_received *got = queue_receive_one(&queue, queue.one, kit->lease_ns);
    REQUIRE(!got->received_before, "nobody had the message before, and it is called a suspect");
    const struct sp_received *second = again(&queue, queue.other, QUEUE_LONG);
    int64_t now = sp_clock_now();
    REQUIRE(now >= got->lease_end, "the message is there for others %lld ms before lease_end",
            (long long)((got->lease_end - now) / SP_MILLISECOND));
    REQUIRE(second->received_before, "a message whose lease ended is not called a suspect");
    REQUIRE(sp_slice_equal(second->body, got->body), "another body comes than the first time");
    queue_settle(&queue, queue.other, second, 1, true);
}

static void several_leases_end(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    queue_send_numbers(&queue, queue.one, 1, 30);
    queue_receive_all(&queue, queue.one, 30, kit->lease_ns);
    struct received second = queue_receive_all(&queue, queue.other, 30, QUEUE_LONG);
    for (size_t i = 0; i < 30; i++)
        REQUIRE(second.items[i].received_before, "message %zu is not called a suspect", i);
    queue_settle(&queue, queue.one, second.items, 30, true);
    queue_require_depth(&queue, 0, 0);
}

static void released_is_visible_at_once(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    queue_send_numbers(&queue, queue.one, 1, 5);
    struct received got = queue_receive_all(&queue, queue.one, 5, QUEUE_LONG);
    int64_t began = sp_clock_now();
    queue_settle(&queue, queue.one, got.items, 5, false);
    got = queue_receive_all(&queue, queue.other, 5, QUEUE_LONG);
    REQUIRE(sp_clock_now() - began < kit_soon_ns(kit), "what was released comes seconds later");
    queue_settle(&queue, queue.other, got.items, 5, true);
}

static void suspect_stays_one(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    queue_send_text(&queue, queue.one, "{}");
    queue_receive_one(&queue, queue.one, kit->lease_ns);
    const struct sp_received *got = again(&queue, queue.one, QUEUE_LONG);
    REQUIRE(got->received_before, "a message whose lease ended is not called a suspect");
    queue_settle(&queue, queue.one, got, 1, false);
    got = queue_receive_one(&queue, queue.other, QUEUE_LONG);
    REQUIRE(got->received_before, "a suspect that was handed back is none any more");
    queue_settle(&queue, queue.other, got, 1, true);
}

static void settled_twice(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    queue_send_numbers(&queue, queue.one, 1, 2);
    struct received got = queue_receive_all(&queue, queue.one, 2, QUEUE_LONG);
    queue_settle(&queue, queue.one, got.items, 2, true);
    queue_settle(&queue, queue.one, got.items, 2, true);
    queue_settle(&queue, queue.other, got.items, 1, true);
    queue_require_depth(&queue, 0, 0);
}

/* The message is the other handle's by now; returns as whom it has it. */
static const struct sp_received *lose(struct queue *queue, const struct sp_received **mine)
{
    queue_send_text(queue, queue->one, "{}");
    *mine = queue_receive_one(queue, queue->one, queue->kit->lease_ns);
    return again(queue, queue->other, QUEUE_LONG);
}

static void done_of_anothers(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    const struct sp_received *mine, *others = lose(&queue, &mine);
    queue_settle(&queue, queue.one, mine, 1, true);
    queue_settle(&queue, queue.other, others, 1, true);
    queue_require_depth(&queue, 0, 0);
}

static void release_of_anothers(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    const struct sp_received *mine, *others = lose(&queue, &mine);
    struct sp_settle entry = {mine->receipt, false};
    struct sp_result result = {SP_UNKNOWN, SP_NO_COLUMN, NULL};
    WORKS(queue.ops->settle(queue.one, &entry, 1, &result, kit_soon(kit), &kit_error));
    queue_require_none(&queue, queue.one, "a release must not touch what another holds by now");
    REQUIRE(queue_extend(&queue, queue.other, others, QUEUE_LONG) == SP_OK,
            "the release of an old holder has taken the lease of the new one");
    queue_settle(&queue, queue.other, others, 1, true);
}

static void release_of_what_is_gone(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    queue_send_text(&queue, queue.one, "{}");
    const struct sp_received *got = queue_receive_one(&queue, queue.one, QUEUE_LONG);
    queue_settle(&queue, queue.one, got, 1, true);
    struct sp_settle entry = {got->receipt, false};
    struct sp_result result = {SP_UNKNOWN, SP_NO_COLUMN, NULL};
    WORKS(queue.ops->settle(queue.one, &entry, 1, &result, kit_soon(kit), &kit_error));
    queue_require_none(&queue, queue.one, "a message that was settled has come back by a release");
}

static void settled_in_one_call(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    queue_send_numbers(&queue, queue.one, 1, 6);
    struct received got = queue_receive_all(&queue, queue.one, 6, QUEUE_LONG);
    struct sp_settle entries[6];
    struct sp_result results[6];
    for (size_t i = 0; i < 6; i++) {
        entries[i] = (struct sp_settle){got.items[i].receipt, i % 2 == 0};
        results[i].class = SP_UNKNOWN;
    }
    WORKS(queue.ops->settle(queue.one, entries, 6, results, kit_soon(kit), &kit_error));
    for (size_t i = 0; i < 6; i++)
        REQUIRE(results[i].class == SP_OK, "entry %zu is %s", i, sp_class_name(results[i].class));
    struct received back = queue_receive_all(&queue, queue.other, 3, QUEUE_LONG);
    for (size_t i = 0; i < 3; i++) {
        bool released = false;
        for (size_t j = 1; j < 6; j += 2)
            released |= queue_number(&back.items[i]) == queue_number(&got.items[j]);
        REQUIRE(released, "message %lld was settled and comes again",
                (long long)queue_number(&back.items[i]));
    }
    queue_require_none(&queue, queue.one, "three are leased, three settled");
    queue_settle(&queue, queue.other, back.items, 3, true);
    queue_require_depth(&queue, 0, 0);
}

static void extended_is_kept(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    queue_send_text(&queue, queue.one, "{}");
    const struct sp_received *got = queue_receive_one(&queue, queue.one, 3 * kit->lease_ns);
    REQUIRE(queue_extend(&queue, queue.one, got, QUEUE_LONG) == SP_OK, "a lease that holds is not extended");
    kit_sleep(got->lease_end - sp_clock_now() + kit->lease_ns / 2);
    queue_require_none(&queue, queue.other, "its lease was extended");
    queue_settle(&queue, queue.one, got, 1, true);
}

/* The core hands a suspect back by letting its lease end in a few seconds. */
static void extended_to_less(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    queue_send_text(&queue, queue.one, "{}");
    const struct sp_received *got = queue_receive_one(&queue, queue.one, 20 * kit_soon_ns(kit));
    int64_t began = sp_clock_now();
    REQUIRE(queue_extend(&queue, queue.one, got, kit->lease_ns) == SP_OK,
            "a lease that holds is not extended");
    got = again(&queue, queue.other, QUEUE_LONG);
    REQUIRE(sp_clock_now() - began >= kit->lease_ns, "the lease ended sooner than extend() said");
    REQUIRE(got->received_before, "a message whose lease ended is not called a suspect");
    queue_settle(&queue, queue.other, got, 1, true);
}

static void lost_lease_is_contended(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    const struct sp_received *mine, *others = lose(&queue, &mine);
    enum sp_class class = queue_extend(&queue, queue.one, mine, kit->lease_ns);
    REQUIRE(class == SP_CONTENDED, "extending a lease that another has by now is %s, not contended",
            sp_class_name(class));
    kit_sleep(kit->lease_ns * 3 / 2);
    queue_require_none(&queue, queue.one, "extend() by an old holder has changed the lease of the new one");
    queue_settle(&queue, queue.other, others, 1, true);
    class = queue_extend(&queue, queue.other, others, QUEUE_LONG);
    REQUIRE(class == SP_CONTENDED, "extending what is settled is %s, not contended", sp_class_name(class));
}

static void released_lease_is_lost(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    queue_send_text(&queue, queue.one, "{}");
    const struct sp_received *got = queue_receive_one(&queue, queue.one, QUEUE_LONG);
    queue_settle(&queue, queue.one, got, 1, false);
    enum sp_class class = queue_extend(&queue, queue.one, got, QUEUE_LONG);
    REQUIRE(class == SP_CONTENDED, "extending what is released is %s, not contended", sp_class_name(class));
    got = queue_receive_one(&queue, queue.other, QUEUE_LONG);
    queue_settle(&queue, queue.other, got, 1, true);
}

static void extended_one_by_one(struct kit *kit)
{
    struct queue queue = queue_begin(kit);
    queue_send_numbers(&queue, queue.one, 1, 4);
    struct received got = queue_receive_all(&queue, queue.one, 4, QUEUE_LONG);
    queue_settle(&queue, queue.other, got.items + 1, 1, true);
    struct sp_slice receipts[4];
    struct sp_result results[4];
    for (size_t i = 0; i < 4; i++) {
        receipts[i] = got.items[i].receipt;
        results[i].class = SP_UNKNOWN;
    }
    WORKS(queue.ops->extend(queue.one, receipts, 4, QUEUE_LONG, results, kit_soon(kit), &kit_error));
    for (size_t i = 0; i < 4; i++)
        REQUIRE(results[i].class == (i == 1 ? SP_CONTENDED : SP_OK), "receipt %zu is %s", i,
                sp_class_name(results[i].class));
    queue_settle(&queue, queue.one, got.items, 4, true);
}

static void longest_lease(struct kit *kit)
{
    int64_t longest = kit->plugin->capabilities.lease_max_ns;
    longest = longest > 0 ? longest : 12 * 3600 * SP_SECOND;
    struct queue queue = queue_begin(kit);
    queue_send_text(&queue, queue.one, "{}");
    const struct sp_received *got = queue_receive_one(&queue, queue.one, longest);
    REQUIRE(got->lease_end > sp_clock_now() + longest / 2, "the longest lease ends soon");
    REQUIRE(queue_extend(&queue, queue.one, got, longest) == SP_OK, "the longest lease is not extended");
    queue_settle(&queue, queue.one, got, 1, true);
}

static const struct check checks[] = {
    {"given a message that is leased, when any handle asks, then it is invisible", leased_is_invisible},
    {"given a lease, when it ends, then not before lease_end the message comes again, as a suspect",
     lease_ends},
    {"given 30 leases, when they end, then all messages come again, as suspects", several_leases_end},
    {"given leases, when they are released, then the messages are visible at once",
     released_is_visible_at_once},
    {"given a suspect, when it is released, then it stays one", suspect_stays_one},
    {"given a message that is settled, when it is settled again, then that is success", settled_twice},
    {"given a lease that another has by now, when its old holder says done, then that is success",
     done_of_anothers},
    {"given a lease that another has by now, when its old holder releases it, then nothing happens",
     release_of_anothers},
    {"given a message that is gone, when it is released, then it does not come back",
     release_of_what_is_gone},
    {"given six leases, when three are done and three released in one call, then each has what was said",
     settled_in_one_call},
    {"given a lease, when it is extended, then it holds longer", extended_is_kept},
    {"given a long lease, when it is extended to a shorter one, then it ends by that", extended_to_less},
    {"given a lease that another has by now, when it is extended, then it is contended and nothing happens",
     lost_lease_is_contended},
    {"given a lease that was released, when it is extended, then it is contended", released_lease_is_lost},
    {"given leases of which one is lost, when all are extended, then each is answered for itself",
     extended_one_by_one},
    {"given the longest lease there is, when it is asked for and extended, then it is given", longest_lease},
};

CHECK_LIST(queue_lease_checks, checks);
