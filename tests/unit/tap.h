/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

/*
 * CUnit's assertions, told in TAP, which automake's driver reads.  CUnit's own runner returns success
 * although assertions failed; this one does not.
 */

#include <CUnit/CUnit.h>
#include <stddef.h>

struct tap_test {
    const char *name;
    void (*run)(void);
};

/* Runs the tests in order and prints TAP.  Returns the exit status of the program. */
int tap_run(const char *suite, const struct tap_test *tests, size_t count);

/* Where a test finds the source tree (srcdir) and a folder of its own to write in, removed at the end. */
const char *tap_source_dir(void);
const char *tap_scratch_dir(void);

#endif
