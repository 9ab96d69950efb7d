/* SPDX-License-Identifier: Apache-2.0 */
/* A file of profiles: whatever it holds, it is read or told with a line that it has; what was read is found
 * again, and has no line ends but in values. */
#include <config.h>

#include <assert.h>
#include <lib_aws/ini.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_entry(const struct ini *ini, const struct ini_entry *entry)
{
    struct sp_slice nested;
    assert(*entry->section && !strpbrk(entry->section, "\r\n") && ini_has(ini, entry->section));
    if (!entry->key)
        return;
    assert(*entry->key && !strpbrk(entry->key, "\r\n=:"));
    assert(ini_get(ini, entry->section, entry->key) == entry->value);
    if (ini_nested(entry->value, "endpoint_url", &nested))
        assert(nested.data > entry->value &&
               nested.data + nested.size <= entry->value + strlen(entry->value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ini ini;
    struct ini_fault fault = {0};
    struct sp_slice text = {(const char *)data, size};
    if (ini_parse(text, &ini, &fault) != 0) {
        assert(fault.reason && fault.line >= 1 && fault.line <= size + 1);
        return 0;
    }
    for (size_t i = 0; i < ini.count; i++)
        check_entry(&ini, &ini.entries[i]);
    const char *section = ini_section(&ini, "profile", "x");
    assert(!section || ini_has(&ini, section));
    ini_free(&ini);
    return 0;
}
