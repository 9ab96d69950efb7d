/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "config/yaml_inside.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <stdio.h>

/* libyaml's words, and ours for people who have never read YAML's grammar. */
struct saying {
    const char *problem, *context; /* as libyaml has it; NULL: any */
    const char *text, *hint;
    bool at_context;  /* tell it where the context begins, not where libyaml noticed */
    const char *note; /* what stands where the context begins; NULL: do not point at it */
};

static const struct saying sayings[] = {
    {"did not find expected ',' or ']'", NULL, "',' or ']' is missing here",
     "close the list with ']', or put ',' between its items", false, "the '[' was opened here"},
    {"did not find expected ',' or '}'", NULL, "',' or '}' is missing here",
     "close the mapping with '}', or put ',' between its pairs", false, "the '{' was opened here"},
    {"found unexpected end of stream", NULL, "the quoted text that begins here never ends",
     "add the closing quote", true, NULL},
    {"found unexpected document indicator", NULL, "the quoted text that begins here never ends",
     "add the closing quote", true, NULL},
    {"could not find expected ':'", NULL, "there is no ': ' after this",
     "write 'key: value', with a space after the colon", true, NULL},
    {"mapping values are not allowed in this context", NULL, "there cannot be a ':' here",
     "put text that holds ': ' in quotes; keys of one mapping begin in the same column", false, NULL},
    {"mapping keys are not allowed in this context", NULL, "there cannot be a key here",
     "put text that begins with '? ' in quotes", false, NULL},
    {"block sequence entries are not allowed in this context", NULL, "there cannot be a '- ' here",
     "begin the list in the line below its key, or write [a, b]", false, NULL},
    {"did not find expected key", "while parsing a block mapping", "a key is expected here",
     "keys of one mapping begin in the same column; after quoted text nothing may follow", false,
     "the mapping begins here"},
    {"did not find expected '-' indicator", NULL, "a '- ' is expected here",
     "items of one list begin in the same column", false, "the list begins here"},
    {"did not find expected node content", NULL, "a value is expected here",
     "give a value, or remove the ',' or ':' before it", false, NULL},
    {"did not find expected <document start>", NULL, "this does not belong to what stands before it",
     "the whole file is one mapping: write 'key: value', each in the same column", false, NULL},
    {"found unknown escape character", NULL, "a '\\' with an unknown letter after it",
     "write '\\\\' for one '\\', or use single quotes", false, NULL},
    {"did not find expected hexdecimal number", NULL, "a '\\' with too few hexadecimal digits after it",
     "write '\\\\' for one '\\', or use single quotes", false, NULL},
    {"found invalid Unicode character escape code", NULL, "this is no character of Unicode",
     "write '\\\\' for one '\\', or use single quotes", false, NULL},
    {"did not find expected alphabetic or numeric character", "while scanning an alias",
     "text that begins with '*' needs quotes", "put it in quotes", true, NULL},
    {"did not find expected alphabetic or numeric character", "while scanning an anchor",
     "text that begins with '&' needs quotes", "put it in quotes", true, NULL},
    {NULL, "while scanning a tag", "text that begins with '!' needs quotes", "put it in quotes", true, NULL},
    {NULL, "while parsing a tag", "text that begins with '!' needs quotes", "put it in quotes", true, NULL},
    {"found undefined tag handle", NULL, "text that begins with '!' needs quotes", "put it in quotes", false,
     NULL},
    {NULL, "while scanning a block scalar", "only an indentation can stand after '|' and '>'",
     "begin the text in the next line", true, NULL},
    {NULL, "while scanning a directive", "a line cannot begin with '%'",
     "remove it; text that begins with '%' needs quotes", true, NULL},
};

static const struct saying *find_saying(const yaml_parser_t *parser)
{
    const char *problem = parser->problem ? parser->problem : "";
    const char *context = parser->context ? parser->context : "";
    for (size_t i = 0; i < sizeof sayings / sizeof *sayings; i++)
        if ((!sayings[i].problem || strcmp(sayings[i].problem, problem) == 0) &&
            (!sayings[i].context || strcmp(sayings[i].context, context) == 0))
            return &sayings[i];
    return NULL;
}

/* A line of the text, from 0; empty behind the end. */
static struct sp_slice line_at(struct sp_slice text, size_t line)
{
    size_t at = 0, size = 0;
    for (; line > 0 && at < text.size; at++) {
        bool is_pair = text.data[at] == '\r' && at + 1 < text.size && text.data[at + 1] == '\n';
        line -= !is_pair && (text.data[at] == '\n' || text.data[at] == '\r');
    }
    while (at + size < text.size && text.data[at + size] != '\n' && text.data[at + size] != '\r')
        size++;
    return (struct sp_slice){text.data + at, size};
}

/* The first tabs of the white space in front. */
static bool find_tab(struct sp_slice line, struct mark *mark)
{
    size_t at = 0;
    while (at < line.size && line.data[at] == ' ')
        at++;
    mark->column = (uint32_t)at + 1;
    mark->width = 0;
    while (at < line.size && line.data[at++] == '\t')
        mark->width++;
    return mark->width > 0;
}

static uint32_t count_tab_lines(struct sp_slice text, uint32_t line)
{
    uint32_t count = 0;
    struct sp_slice rest = line_at(text, line);
    size_t left = text.size - (size_t)(rest.data - text.data);
    for (const char *at = rest.data; left > 0;) {
        const char *end = memchr(at, '\n', left);
        size_t size = end ? (size_t)(end - at) : left;
        struct mark unused;
        count += find_tab((struct sp_slice){at, size}, &unused);
        size += end != NULL;
        left -= size;
        at += size;
    }
    return count;
}

/* Whatever libyaml says of a line that is indented with tabs, the tabs are what is wrong. */
static bool tell_tab(const yaml_parser_t *parser, struct sp_slice text, struct diag *diag)
{
    struct mark mark = mark_of(parser->problem_mark);
    struct sp_slice line = line_at(text, parser->problem_mark.line);
    size_t column = parser->problem_mark.column;
    if (!find_tab(line, &mark)) {
        /* Behind "- " a tab is an indentation as well. */
        bool is_ascii = column < line.size && line.data[column] == '\t';
        if (!is_ascii || strspn(line.data, " -") < column)
            return false;
        mark = (struct mark){mark.line, (uint32_t)column + 1, 1};
    }
    uint32_t more = count_tab_lines(text, mark.line);
    char hint[96];
    if (more)
        snprintf(hint, sizeof hint, "use spaces; %" PRIu32 " more line%s with a tab in front below", more,
                 more == 1 ? "" : "s");
    else
        snprintf(hint, sizeof hint, "use spaces");
    diag_error(diag, mark, hint, "a tab cannot indent");
    return true;
}

/* The text from where libyaml noticed, up to the end of the line; empty at the end of the file. */
static struct sp_slice rest_of_line(const yaml_parser_t *parser, struct sp_slice text)
{
    struct sp_slice line = line_at(text, parser->problem_mark.line);
    size_t at = 0;
    for (size_t column = 0; column < parser->problem_mark.column && at < line.size; column++)
        at += utf8_length(line.data + at, line.size - at);
    return (struct sp_slice){line.data + at, line.size - at};
}

static bool tell_bad_start(const yaml_parser_t *parser, struct sp_slice text, struct diag *diag)
{
    struct sp_slice rest = rest_of_line(parser, text);
    if (rest.size == 0 || strcmp(parser->problem, "found character that cannot start any token") != 0)
        return false;
    diag_error(diag, mark_of(parser->problem_mark), "put it in quotes", "text cannot begin with '%c'",
               rest.data[0]);
    return true;
}

/* Between brackets the '{' of ${NAME} opens a mapping. */
static bool tell_reference(const yaml_parser_t *parser, struct sp_slice text, struct diag *diag)
{
    struct sp_slice rest = rest_of_line(parser, text);
    struct mark mark = mark_of(parser->problem_mark);
    if (mark.column < 2 || rest.size == 0 || rest.data[0] != '{' || rest.data[-1] != '$')
        return false;
    diag_error(diag, (struct mark){mark.line, mark.column - 1, 2}, "put it in quotes: \"${NAME}\"",
               "between { } and [ ] a value with '${' needs quotes");
    return true;
}

/* libyaml often notices at the very end, in a line that is not there: the last one says more. */
static struct mark clamp(struct mark mark, struct sp_slice text)
{
    size_t size = text.size;
    while (size > 0 && strchr(" \t\r\n", text.data[size - 1]))
        size--;
    uint32_t line = 1, column = 1;
    for (size_t at = 0; at < size; column++) {
        bool is_pair = text.data[at] == '\r' && at + 1 < size && text.data[at + 1] == '\n';
        if (!is_pair && (text.data[at] == '\n' || text.data[at] == '\r')) {
            line++;
            column = 0;
        }
        at += utf8_length(text.data + at, size - at);
    }
    return mark.line > line ? (struct mark){line, column, 1} : mark;
}

static void tell_saying(const yaml_parser_t *parser, const struct saying *saying, struct sp_slice text,
                        struct diag *diag)
{
    struct mark problem = clamp(mark_of(parser->problem_mark), text);
    struct mark context = mark_of(parser->context_mark);
    diag_error(diag, saying->at_context ? context : problem, saying->hint, "%s", saying->text);
    if (saying->note)
        diag_note(diag, context, "%s", saying->note);
}

void yaml_tell_syntax(const yaml_parser_t *parser, struct sp_slice text, struct diag *diag)
{
    if (parser->error == YAML_MEMORY_ERROR)
        mem_exhausted();
    const char *problem = parser->problem ? parser->problem : "unknown";
    bool has_place = parser->error == YAML_SCANNER_ERROR || parser->error == YAML_PARSER_ERROR;
    const struct saying *saying = find_saying(parser);
    if (!has_place)
        diag_error(diag, (struct mark){0}, "is it a text file?", "cannot be read: %s", problem);
    else if (tell_tab(parser, text, diag) || tell_bad_start(parser, text, diag) ||
             tell_reference(parser, text, diag))
        return;
    else if (saying)
        tell_saying(parser, saying, text, diag);
    else
        diag_error(diag, clamp(mark_of(parser->problem_mark), text),
                   "put text with special characters in quotes", "%s%s%s", problem,
                   parser->context ? " " : "", parser->context ? parser->context : "");
}
