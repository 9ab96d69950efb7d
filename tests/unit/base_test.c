/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "tap.h"

#include <scanpipe/error.h>
#include <scanpipe/host.h>
#include <stdio.h>
#include <stdlib.h>

static void arena_pieces_do_not_overlap(void)
{
    /* Given an arena of small blocks, when many pieces of many sizes are taken and filled */
    struct sp_arena *arena = arena_new(256);
    unsigned char *pieces[200];
    for (int i = 0; i < 200; i++) {
        pieces[i] = sp_arena_alloc(arena, (size_t)i);
        CU_ASSERT((uintptr_t)pieces[i] % 16 == 0);
        memset(pieces[i], i, (size_t)i);
    }
    /* then each still holds what was written to it. */
    for (int i = 0; i < 200; i++)
        for (int at = 0; at < i; at++)
            CU_ASSERT(pieces[i][at] == i);
    arena_free(arena);
}

static void arena_resize_keeps_the_bytes(void)
{
    struct sp_arena *arena = arena_new(64);
    size_t size = 1;
    char *text = sp_arena_alloc(arena, size);
    text[0] = 'a';
    for (; size < 100000; size *= 3) {
        text = sp_arena_resize(arena, text, size, size * 3);
        for (size_t at = size; at < size * 3; at++)
            text[at] = (char)('a' + at % 26);
        if (size == 27)
            sp_arena_alloc(arena, 8); /* no longer the newest: it must move */
    }
    for (size_t at = 1; at < size; at++)
        CU_ASSERT(text[at] == (char)('a' + at % 26));
    CU_ASSERT(text[0] == 'a');
    arena_free(arena);
}

static void arena_reset_bounds_what_it_keeps(void)
{
    struct sp_arena *arena = arena_new(1024);
    sp_arena_alloc(arena, 100000);
    sp_arena_alloc(arena, 10);
    arena_reset(arena, 4096);
    CU_ASSERT(sp_arena_footprint(arena) <= 4096);
    CU_ASSERT(sp_arena_footprint(arena) >= 1024);
    arena_reset(arena, 0);
    CU_ASSERT(sp_arena_footprint(arena) == 0);
    arena_free(arena);
}

static void utf8_tells_good_from_bad(void)
{
    CU_ASSERT(utf8_length("a", 1) == 1);
    CU_ASSERT(utf8_length("\xc3\xa4", 2) == 2);
    CU_ASSERT(utf8_length("\xf0\x9f\x93\xa6", 4) == 4);
    CU_ASSERT(utf8_length("\xf0\x9f\x93", 3) == 0);     /* cut */
    CU_ASSERT(utf8_length("\xc0\x80", 2) == 0);         /* overlong */
    CU_ASSERT(utf8_length("\xed\xa0\x80", 3) == 0);     /* a surrogate */
    CU_ASSERT(utf8_length("\xf4\x90\x80\x80", 4) == 0); /* over U+10FFFF */
    CU_ASSERT(utf8_length("\x80", 1) == 0);
    CU_ASSERT(utf8_cut("a\xc3\xa4", 3, 2) == 1);
}

static void json_strings_are_escaped(void)
{
    struct buffer out = {0};
    buffer_add_json(&out, (struct sp_slice){"a\"\\\n\x01\xc3\xa4\xff", 8});
    CU_ASSERT_STRING_EQUAL(buffer_text(&out), "\"a\\\"\\\\\\u000a\\u0001\xc3\xa4\xef\xbf\xbd\"");
    buffer_clear(&out);
    buffer_add_json(&out, sp_slice_of("\xef\xbf\xbd\xef\xbf\xbe\xef\xbf\xbf"));
    CU_ASSERT_STRING_EQUAL(buffer_text(&out), "\"\xef\xbf\xbd\\ufffe\\uffff\"");
    buffer_fini(&out);
}

static void base64_matches_its_standard(void)
{
    /* RFC 4648, section 10. */
    static const char *const vectors[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        struct buffer out = {0};
        buffer_add_text(&out, "x");
        buffer_add_base64(&out, sp_slice_of(vectors[i][0]));
        CU_ASSERT(out.data[0] == 'x' && out.size == 1 + strlen(vectors[i][1]));
        CU_ASSERT_STRING_EQUAL(out.data + 1, vectors[i][1]);
        buffer_fini(&out);
    }
}

static void hex_is_two_digits_a_byte(void)
{
    struct buffer out = {0};
    buffer_add_hex(&out, "\x00\x7f\xff\x1a", 4);
    CU_ASSERT_STRING_EQUAL(buffer_text(&out), "007fff1a");
    buffer_fini(&out);
}

static void errors_stay_on_one_line(void)
{
    /* Given a server's answer with line ends and control characters, when it becomes an error */
    struct sp_error err;
    CU_ASSERT(sp_fail(&err, SP_UNAVAILABLE, "it said %s", "a\nb\x1b[31m") == -1);
    /* then it cannot break out of the log's line, and context goes in front. */
    CU_ASSERT_STRING_EQUAL(err.text, "it said a b?[31m");
    sp_error_context(&err, "page %d", 7);
    CU_ASSERT_STRING_EQUAL(err.text, "page 7: it said a b?[31m");
    CU_ASSERT_STRING_EQUAL(sp_class_name(err.class), "unavailable");
    /* Too long is cut, never in the middle of a character. */
    char text[1000];
    for (size_t i = 0; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "\xc3\xa4", 3);
    sp_fail(&err, SP_REFUSED, "x%s", text);
    CU_ASSERT(utf8_valid(sp_slice_of(err.text)));
    sp_error_context(&err, "yy");
    CU_ASSERT(utf8_valid(sp_slice_of(err.text)));
}

static void digests_match_their_papers(void)
{
    /* SHA-256 of "abc": FIPS 180-4. */
    unsigned char digest[SP_SHA256_SIZE];
    sp_sha256("abc", 3, digest);
    CU_ASSERT(digest[0] == 0xba && digest[1] == 0x78 && digest[31] == 0xad);
    /* SipHash-2-4-128 of the bytes 0..14 under the key 0..15: vectors_siphash_2_4_128 of the reference. */
    unsigned char key_bytes[16], text[15];
    uint64_t key[2];
    for (unsigned char i = 0; i < 16; i++)
        key_bytes[i] = i;
    for (unsigned char i = 0; i < 15; i++)
        text[i] = i;
    memcpy(key, key_bytes, sizeof key);
    struct sp_digest128 siphash = sp_siphash128(key, text, sizeof text);
    CU_ASSERT(siphash.low == 0x11a8b03399e99354);
    CU_ASSERT(siphash.high == 0xd9c3cf970fec087e);
    siphash = sp_siphash128(key, text, 0);
    CU_ASSERT(siphash.low == 0xe6a825ba047f81a3);
    CU_ASSERT(siphash.high == 0x930255c71472f66d);
}

static void walls_are_told_as_people_read_them(void)
{
    char text[32];
    clock_format_wall(1514764800123, text);
    CU_ASSERT_STRING_EQUAL(text, "2018-01-01T00:00:00.123Z");
}

int main(void)
{
    struct tap_test tests[] = {
        {"arena: pieces do not overlap", arena_pieces_do_not_overlap},
        {"arena: resizing keeps the bytes", arena_resize_keeps_the_bytes},
        {"arena: a reset bounds what is kept", arena_reset_bounds_what_it_keeps},
        {"utf8: good and bad", utf8_tells_good_from_bad},
        {"buffer: JSON strings are escaped", json_strings_are_escaped},
        {"buffer: hexadecimal digits", hex_is_two_digits_a_byte},
        {"buffer: base64", base64_matches_its_standard},
        {"error: one line, cut between characters", errors_stay_on_one_line},
        {"digest: published vectors", digests_match_their_papers},
        {"clock: wall time as text", walls_are_told_as_people_read_them},
    };
    return tap_run("base", tests, sizeof tests / sizeof *tests);
}
