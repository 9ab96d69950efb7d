/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FAULT_RULES_H
#define TESTS_FAULT_RULES_H

/*
 * A rule says which calls fail, and how, in words parted by spaces:
 *
 *     OPERATION CLASS [after] [WORD=VALUE ...]
 *
 *     write unavailable at=3..7           the third to the seventh write; at=3, at=3.. as well
 *     settle contended every=4            each fourth
 *     any unavailable chance=5            five of a hundred, by the seed
 *     write refused while=/tmp/away       while that file is there
 *     write uncertain after at=2          when the inner stage has done it
 *     read throttled at=2 retry_after=1s
 *     write rejected key=5003             a write with this row, without naming it
 *     write rejected key=5003 entries=match column=3    ... names it
 *     send unavailable entries=odd        every other entry; entries=all
 *     receive ok delay=200ms              is only slow
 *
 * OPERATION is an operation's name or `any`; CLASS as sp_class_name() has it.  key=, order= and bytes= as in
 * struct wrap_match.  All conditions of a rule must hold; of the rules of a call the first that fails it
 * counts.
 */

#include "wrap.h"

enum fault_entries {
    FAULT_WHOLE, /* the call fails */
    FAULT_ALL,   /* each entry does */
    FAULT_ODD,
    FAULT_MATCH, /* those that match */
};

struct fault_rule {
    enum wrap_op op; /* WRAP_OPS: any */
    enum sp_class class;
    bool after;
    uint64_t first, last; /* numbers of calls */
    uint64_t every;       /* 0: not asked for */
    int64_t chance;       /* of a hundred; 100: always */
    uint64_t salt;        /* so that two rules are not drawn alike */
    const char *while_file;
    struct wrap_match match;
    enum fault_entries entries;
    uint32_t column;
    int64_t retry_after_ns, delay_ns;
    char *text; /* what the others point into */
};

int fault_rule_parse(const char *text, struct fault_rule *out, struct sp_error *err);
void fault_rule_fini(struct fault_rule *rule);

/* Whether the rule is for this call; by chance where the seed, the operation and the number say so. */
bool fault_rule_fires(const struct fault_rule *rule, const struct wrap_call *call, int64_t seed);

#endif
