/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tap.h"

#include <CUnit/TestRun.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static unsigned tests_told;
static char scratch[256];

static int remove_entry(const char *path, const struct stat *about, int type, struct FTW *walk)
{
    (void)about;
    (void)type;
    (void)walk;
    return remove(path);
}

static void remove_scratch(void)
{
    nftw(scratch, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *tap_scratch_dir(void)
{
    if (!scratch[0]) {
        const char *base = getenv("TMPDIR");
        snprintf(scratch, sizeof scratch, "%s/scanpipe-test-XXXXXX", base && *base ? base : "/tmp");
        if (!mkdtemp(scratch)) {
            perror("mkdtemp");
            abort();
        }
        atexit(remove_scratch);
    }
    return scratch;
}

const char *tap_source_dir(void)
{
    const char *dir = getenv("srcdir");
    return dir && *dir ? dir : ".";
}

static void tell(const CU_pTest test, const CU_pSuite suite, const CU_pFailureRecord failures)
{
    (void)suite;
    printf("%s %u - %s\n", failures ? "not ok" : "ok", ++tests_told, test->pName);
    for (CU_pFailureRecord one = failures; one; one = one->pNext)
        printf("#   %s:%u: %s\n", one->strFileName, one->uiLineNumber, one->strCondition);
    fflush(stdout);
}

int tap_run(const char *suite_name, const struct tap_test *tests, size_t count)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 99;
    CU_pSuite suite = CU_add_suite(suite_name, NULL, NULL);
    for (size_t i = 0; suite && i < count; i++)
        if (!CU_add_test(suite, tests[i].name, tests[i].run))
            return 99;
    CU_set_test_complete_handler(tell);
    printf("1..%zu\n", count);
    CU_run_all_tests();
    int failed = !suite || CU_get_number_of_failure_records() > 0 || tests_told != count;
    CU_cleanup_registry();
    return failed;
}
