/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Any bytes as a pipeline's file: parsed, expanded, checked against options of every type, told. */

#include "base/arena.h"
#include "config/options.h"

#include <assert.h>

struct settings {
    const char *text, *secret, *nested;
    int64_t integer, size, duration;
    bool boolean;
    struct sp_rate rate;
    int32_t choice;
    struct sp_list list;
    struct sp_map map, secret_map;
};

static const char *const choices[] = {"one", "two", NULL};

#define OPTION(key, kind, field) .name = (key), .type = (kind), .offset = offsetof(struct settings, field)

static const struct sp_option options[] = {
    {OPTION("text", SP_OPT_STRING, text), .flags = SP_OPT_REQUIRED},
    {OPTION("secret", SP_OPT_SECRET, secret)},
    {OPTION("auth.nested", SP_OPT_SECRET, nested), .flags = SP_OPT_REQUIRED},
    {OPTION("integer", SP_OPT_INTEGER, integer), .default_text = "5", .min = -10, .max = 10},
    {OPTION("size", SP_OPT_SIZE, size), .default_text = "1MiB", .min = 1, .max = INT64_MAX},
    {OPTION("duration", SP_OPT_DURATION, duration), .default_text = "1m30s", .max = 3600 * SP_SECOND},
    {OPTION("boolean", SP_OPT_BOOLEAN, boolean), .default_text = "true"},
    {OPTION("rate", SP_OPT_RATE, rate)},
    {OPTION("choice", SP_OPT_ENUM, choice), .default_text = "two", .choices = choices},
    {OPTION("list", SP_OPT_LIST, list), .default_text = "[a, b]"},
    {OPTION("map", SP_OPT_MAP, map), .default_text = "{/a: b}"},
    {OPTION("secret_map", SP_OPT_SECRET_MAP, secret_map)},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input must not choose which files of this machine are read. */
static bool names_a_file(struct sp_slice text)
{
    return text.size > 0 && memmem(text.data, text.size, "file", 4) != NULL;
}

static void check_told(const struct diag *diag, const struct buffer *told)
{
    assert((told->size > 0) == (diag_errors(diag) + diag_warnings(diag) > 0));
    for (size_t i = 0; i < told->size; i++)
        assert((unsigned char)told->data[i] >= 0x20 || told->data[i] == '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_slice text = {(const char *)data, size};
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    SP_AUTO(buffer_fini) struct buffer told = {0};
    struct diag *diag = diag_new("fuzz.yaml", text);
    struct yaml_node *root = yaml_parse(text, diag, arena);
    assert(root || diag_errors(diag) > 0);
    if (root) {
        struct settings settings = {0};
        struct option_set set = {options, sizeof options / sizeof *options, &settings};
        if (!names_a_file(text))
            yaml_expand(root, diag, arena);
        options_read(root, root->mark, &set, 1, NULL, diag, arena);
        assert(settings.integer >= -10 && settings.integer <= 10 && settings.size >= 1);
    }
    diag_print(diag, &told);
    check_told(diag, &told);
    diag_free(diag);
    return 0;
}
