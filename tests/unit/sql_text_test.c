/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/arena.h"
#include "lib_sql/migration.h"
#include "lib_sql/text.h"
#include "tap.h"

static size_t sequence(const char *text, uint32_t *point_out)
{
    *point_out = 42;
    return sql_sequence((const unsigned char *)text, strlen(text), point_out);
}

static void is_character(const char *text, uint32_t point)
{
    uint32_t got;
    CU_ASSERT_EQUAL(sequence(text, &got), strlen(text));
    CU_ASSERT_EQUAL(got, point);
}

static void is_none(const char *text)
{
    uint32_t got;
    CU_ASSERT_EQUAL(sequence(text, &got), 0);
    CU_ASSERT_EQUAL(got, 42);
    CU_ASSERT(!sql_can_be_text(sp_slice_of(text)));
}

static void sequences_are_those_of_the_standard(void)
{
    is_character("\x7f", 0x7f);
    is_character("\xc2\x80", 0x80);
    is_character("\xdf\xbf", 0x7ff);
    is_character("\xe0\xa0\x80", 0x800);
    is_character("\xed\x9f\xbf", 0xd7ff);
    is_character("\xee\x80\x80", 0xe000);
    is_character("\xef\xbf\xbf", 0xffff);
    is_character("\xf0\x90\x80\x80", 0x10000);
    is_character("\xf4\x8f\xbf\xbf", 0x10ffff);
    /* A byte of none, overlong ones, surrogates, what is past the last one, and halves. */
    is_none("\x80");
    is_none("\xff");
    is_none("\xc1\xbf");
    is_none("\xe0\x9f\xbf");
    is_none("\xf0\x8f\xbf\xbf");
    is_none("\xed\xa0\x80");
    is_none("\xed\xbf\xbf");
    is_none("\xf4\x90\x80\x80");
    is_none("\xf5\x80\x80\x80");
    is_none("\xc3");
    is_none("\xc3\x28");
    is_none("\xf0\x9d\x84");
}

static void text_has_no_nul(void)
{
    CU_ASSERT(sql_can_be_text((struct sp_slice){NULL, 0}));
    CU_ASSERT(sql_can_be_text(sp_slice_of("K\xc3\xb6ln \xe2\x82\xac\x01")));
    CU_ASSERT(!sql_can_be_text((struct sp_slice){"a\0b", 3}));
    CU_ASSERT(!sql_can_be_text(sp_slice_of("K\xf6ln")));
    CU_ASSERT(!sql_can_be_text((struct sp_slice){"a\xc3\xb6", 2}));
}

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

static void statements_have_their_lines(void)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    CU_ASSERT_STRING_EQUAL(sql_break_lines(arena, ""), "");
    CU_ASSERT_STRING_EQUAL(sql_break_lines(arena, "A; B 'x; y''; z'; C;D"), "A;\nB 'x; y''; z';\nC;D");
}

static void checksums_match_the_standard(void)
{
    char checksum[SQL_CHECKSUM_SIZE];
    sql_checksum("abc", checksum);
    CU_ASSERT_STRING_EQUAL(checksum, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"UTF-8 is what RFC 3629 says", sequences_are_those_of_the_standard},
        {"text is UTF-8 without a NUL", text_has_no_nul},
        {"decimals have as many digits behind the point as their column", decimals_have_their_scale},
        {"a migration is shown a statement a line, and quoted text as it is", statements_have_their_lines},
        {"a migration's checksum is its SHA-256", checksums_match_the_standard},
    };
    return tap_run("sql_text", tests, sizeof tests / sizeof *tests);
}
