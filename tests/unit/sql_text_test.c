/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib_sql/text.h"
#include "tap.h"

static void decimals_have_their_scale(void)
{
    CU_ASSERT(sql_is_decimal("0", 0));
    CU_ASSERT(sql_is_decimal("-12345678901234567890", 0));
    CU_ASSERT(sql_is_decimal("-0.50", 2));
    CU_ASSERT(!sql_is_decimal("", 0));
    CU_ASSERT(!sql_is_decimal("-", 0));
    CU_ASSERT(!sql_is_decimal("1.", 0));
    CU_ASSERT(!sql_is_decimal("1", 2));
    CU_ASSERT(!sql_is_decimal("1.5", 2));
    CU_ASSERT(!sql_is_decimal("1.500", 2));
    CU_ASSERT(!sql_is_decimal(".50", 2));
    CU_ASSERT(!sql_is_decimal("+1.50", 2));
    CU_ASSERT(!sql_is_decimal("1.5e", 2));
    CU_ASSERT(!sql_is_decimal("1.50 ", 2));
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"decimals have as many digits behind the point as their column", decimals_have_their_scale},
    };
    return tap_run("sql_text", tests, sizeof tests / sizeof *tests);
}
