/* SPDX-License-Identifier: Apache-2.0 */
/* The files of profiles as botocore reads them, and the XML of STS. */
#include <config.h>

#include "tap.h"

#include <lib_aws/ini.h>
#include <lib_aws/sts_xml.h>
#include <stdio.h>
#include <stdlib.h>

struct wanted {
    const char *section, *key, *value;
};

static void reads(const char *text, const struct wanted *wanted, size_t count)
{
    struct ini ini;
    struct ini_fault fault = {0};
    size_t keys = 0;
    if (ini_parse(sp_slice_of(text), &ini, &fault) != 0) {
        printf("# line %zu: %s\n", fault.line, fault.reason);
        CU_FAIL_FATAL("it is not read");
    }
    for (size_t i = 0; i < ini.count; i++)
        keys += ini.entries[i].key != NULL;
    CU_ASSERT_EQUAL(keys, count);
    for (size_t i = 0; i < count; i++) {
        const char *value = ini_get(&ini, wanted[i].section, wanted[i].key);
        if (!value || strcmp(value, wanted[i].value) != 0)
            printf("# [%s] %s: wanted \"%s\", got \"%s\"\n", wanted[i].section, wanted[i].key,
                   wanted[i].value, value ? value : "(nothing)");
        CU_ASSERT(value && strcmp(value, wanted[i].value) == 0);
    }
    ini_free(&ini);
}

static void test_ini(void)
{
    static const struct wanted plain[] = {{"default", "aws_access_key_id", "AKIA1"},
                                          {"default", "aws_secret_access_key", "a/b=c+d:e=="},
                                          {"profile x", "region", "eu-west-1"},
                                          {"profile x", "output", ""}};
    reads(
        "[default]\naws_access_key_id = AKIA1\nAWS_Secret_Access_Key=a/b=c+d:e==\n\n[profile x]\nregion: eu-west-1\noutput=\n",
        plain, 4);
    reads("\xef\xbb\xbf[default]\r\naws_access_key_id = AKIA1\r\naws_secret_access_key=a/b=c+d:e==\r\n"
          "[profile x] trailing\r\nregion\t=\teu-west-1  \r\noutput=",
          plain, 4);
    static const struct wanted comments[] = {{"a", "k", "v ; no comment # none"}, {"a", "l", "w"}};
    reads("# first\n; second\n[a]\n  # deeper\nk = v ; no comment # none\n   # not a part of it\nl = w\n",
          comments, 2);
    static const struct wanted deeper[] = {{"services s", "sqs",
                                            "\nendpoint_url = http://x\nother=1\n\nlast=2"},
                                           {"services s", "after", "one\ntwo = 2"}};
    reads(
        "[services s]\nsqs =\n  endpoint_url = http://x\n\tother=1\n\n  last=2\n\nafter = one\n two = 2\n\n\n",
        deeper, 2);
    static const struct wanted shallow[] = {{"a", "k", "v"}, {"a", "l", "w"}, {"b", "m", "x"}};
    reads("  [a]\n  k = v\nl = w\n[b]\n    m = x\n", shallow, 3);
    static const struct wanted tight[] = {{"a", "k", ""}};
    reads("[a]\nk=", tight, 1);
    reads("", NULL, 0);
    reads("\n# nothing\n", NULL, 0);
}

static void test_ini_faults(void)
{
    static const struct {
        const char *text;
        size_t line;
    } wrong[] = {{"k = v\n", 1},
                 {"[a]\nk = v\nk: w\n", 3},
                 {"[a]\nk = v\nK = w\n", 3},
                 {"[a]\nk = v\n[b]\n[a]\n", 4},
                 {"[a]\nno key\n", 2},
                 {"[a]\n= v\n", 2},
                 {"[a\nk = v\n", 1},
                 {"[]\n", 1},
                 {"[a]\n\n\n  k\n", 4}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct ini ini;
        struct ini_fault fault = {0};
        CU_ASSERT_EQUAL(ini_parse(sp_slice_of(wrong[i].text), &ini, &fault), -1);
        if (fault.line != wrong[i].line)
            printf("# %zu: line %zu: %s\n", i, fault.line, fault.reason);
        CU_ASSERT_EQUAL(fault.line, wrong[i].line);
        CU_ASSERT_PTR_NOT_NULL(fault.reason);
    }
    struct ini ini;
    struct ini_fault fault = {0};
    CU_ASSERT_EQUAL(ini_parse((struct sp_slice){"[a]\0", 4}, &ini, &fault), -1);
}

static void test_sections(void)
{
    struct ini ini;
    struct ini_fault fault;
    struct sp_slice value;
    const char *text =
        "[default]\na=1\n[profile x]\n[profile  'with space']\n[profile \"y\"]\n[services x]\n"
        "sqs =\n  endpoint_url = http://a=b\n  endpoint_url=no\n[x]\n[profiley]\n[profile z z]\n";
    CU_ASSERT_EQUAL_FATAL(ini_parse(sp_slice_of(text), &ini, &fault), 0);
    CU_ASSERT_STRING_EQUAL(ini_section(&ini, "profile", "default"), "default");
    CU_ASSERT_STRING_EQUAL(ini_section(&ini, "profile", "x"), "profile x");
    CU_ASSERT_STRING_EQUAL(ini_section(&ini, "profile", "with space"), "profile  'with space'");
    CU_ASSERT_STRING_EQUAL(ini_section(&ini, "profile", "y"), "profile \"y\"");
    CU_ASSERT_STRING_EQUAL(ini_section(&ini, "services", "x"), "services x");
    CU_ASSERT_PTR_NULL(ini_section(&ini, "profile", "w"));
    CU_ASSERT_PTR_NULL(ini_section(&ini, "services", "default"));
    CU_ASSERT(ini_has(&ini, "x") && !ini_has(&ini, "profile w"));
    const char *nested = ini_get(&ini, "services x", "sqs");
    CU_ASSERT(ini_nested(nested, "endpoint_url", &value) && sp_slice_equal(value, sp_slice_of("http://a=b")));
    CU_ASSERT(!ini_nested(nested, "endpoint", &value) &&
              !ini_nested("endpoint_url = x", "endpoint_url", &value));
    ini_free(&ini);
    text = "[default]\na=1\n[profile default]\na=2\n";
    CU_ASSERT_EQUAL_FATAL(ini_parse(sp_slice_of(text), &ini, &fault), 0);
    CU_ASSERT_STRING_EQUAL(ini_section(&ini, "profile", "default"), "profile default");
    ini_free(&ini);
}

static const char *read_xml(const char *xml, char *a, char *b, size_t size)
{
    struct sts_field fields[] = {{"R/C/A", a, size, false}, {"R/C/B", b, size, false}};
    a[0] = b[0] = '?';
    a[1] = b[1] = '\0';
    const char *fault = sts_xml_read(sp_slice_of(xml), fields, 2);
    if (!fields[0].found && !fault)
        a[0] = '-';
    if (!fields[1].found && !fault)
        b[0] = '-';
    return fault;
}

static void test_xml(void)
{
    char a[64], b[64];
    CU_ASSERT_PTR_NULL(read_xml("<?xml version=\"1.0\"?>\n<R xmlns=\"https://sts\">\n  <C>\n<A>one</A><B/>"
                                "<D><A>no</A></D></C><A>no</A></R>\n",
                                a, b, sizeof a));
    CU_ASSERT_STRING_EQUAL(a, "one");
    CU_ASSERT_STRING_EQUAL(b, "");
    CU_ASSERT_PTR_NULL(
        read_xml("<R><C x='1' y = \"2\"><B >&lt;&amp;&gt;&quot;&apos;&#38;&#x1F40E;</B ></C></R>", a, b,
                 sizeof a));
    CU_ASSERT_STRING_EQUAL(a, "-");
    CU_ASSERT_STRING_EQUAL(b, "<&>\"'&🐎");
    CU_ASSERT_PTR_NULL(read_xml("<RC><C><A>no</A></C></RC>", a, b, sizeof a));
    CU_ASSERT_STRING_EQUAL(a, "-");
    CU_ASSERT_PTR_NULL(read_xml("<R><C><A>1234567</A></C></R>", a, b, 8));
    CU_ASSERT_STRING_EQUAL(a, "1234567");
}

static void test_xml_faults(void)
{
    static const char *const wrong[] = {"",
                                        "  ",
                                        "text",
                                        "<html><body><p>Bad gateway<br></body></html>",
                                        "<R>",
                                        "<R></C>",
                                        "<R></R><R></R>",
                                        "<R></R>x",
                                        "<R/><R/>",
                                        "</R>",
                                        "<R><C><A>12345678</A></C></R>",
                                        "<R><C><A>1</A><A>2</A></C></R>",
                                        "<R><C><A>1<B/></A></C></R>",
                                        "<R><C><A>&unknown;</A></C></R>",
                                        "<R><C><A>&#0;</A></C></R>",
                                        "<R><C><A>&#xD800;</A></C></R>",
                                        "<R><C><A>&#x110000;</A></C></R>",
                                        "<R><C><A>&lt</A></C></R>",
                                        "<R><!-- no --></R>",
                                        "<R><![CDATA[no]]></R>",
                                        "<!DOCTYPE R [<!ENTITY a 'b'>]><R/>",
                                        "<R x></R>",
                                        "<R x=1></R>",
                                        "<R x=\"></R>",
                                        "<?xml <R/>",
                                        "<R",
                                        "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>"};
    char a[64], b[64];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *fault = read_xml(wrong[i], a, b, 8);
        if (!fault)
            printf("# is read: %s\n", wrong[i]);
        CU_ASSERT_PTR_NOT_NULL(fault);
    }
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"profile files are read", test_ini},
        {"what is wrong in one is told with its line", test_ini_faults},
        {"sections of profiles and services are found, however they are quoted", test_sections},
        {"the XML of STS is read", test_xml},
        {"what is no such XML is told", test_xml_faults},
    };
    return tap_run("aws_text", tests, sizeof tests / sizeof *tests);
}
