/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/completion.h"

static const char head[] = "#compdef scanpipe\n"
                           "# zsh completion for scanpipe: what `scanpipe completion zsh` prints.\n"
                           "\n"
                           "_scanpipe_commands() {\n"
                           "    local -a commands\n"
                           "    commands=(\n";

static void add_command(struct buffer *out, const struct command *command)
{
    SP_AUTO(buffer_fini) struct buffer text = {0};
    buffer_printf(&text, "%s:%s", command->name, command->summary);
    buffer_add_text(out, "        ");
    completion_add_quoted(out, buffer_text(&text), "'\\''");
    buffer_add_char(out, '\n');
}

static const char middle[] =
    "    )\n"
    "    _describe command commands\n"
    "}\n"
    "\n"
    "_scanpipe_plugins() {\n"
    "    local -a names\n"
    "    names=(${(f)\"$(_call_program plugins $program plugins 2>/dev/null |\n"
    "        while read -r kind name rest; do [[ $kind != $word ]] || echo $name; done)\"})\n"
    "    _describe plugin names\n"
    "}\n"
    "\n"
    "_scanpipe() {\n"
    "    local program=$words[1] command=run word='' one\n"
    "    local -a arguments\n"
    "    if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then\n"
    "        _scanpipe_commands\n"
    "        return\n"
    "    fi\n"
    "    if [[ $words[2] != -* ]]; then\n"
    "        command=$words[2]\n"
    "        shift words\n"
    "        (( CURRENT-- ))\n"
    "    fi\n"
    "    local -A known\n"
    "    known=(\n";

static void add_words(struct buffer *out, const struct command *command)
{
    buffer_printf(out, "        %s '", command->name);
    completion_add_words(out, command);
    buffer_add_text(out, "'\n");
}

/* The words are needed before the options are: so they are told with the first of them. */
static void add_known(struct buffer *out)
{
    for (const struct command *command = commands; command->name; command++)
        if (command->words)
            add_words(out, command);
    buffer_add_text(out, "    )\n"
                         "    for one in ${words[2,CURRENT-1]}; do\n"
                         "        if [[ \" $known[$command] \" == *\" $one \"* ]]; then\n"
                         "            word=$one\n"
                         "            break\n"
                         "        fi\n"
                         "    done\n"
                         "    case \"$command $word\" in\n");
}

/* "[text]" of a specification, in which brackets and colons mean something. */
static void add_doc(struct buffer *out, const char *doc)
{
    buffer_add_char(out, '[');
    for (; *doc; doc++) {
        if (strchr("[]:\\", *doc))
            buffer_add_char(out, '\\');
        buffer_add_char(out, *doc);
    }
    buffer_add_char(out, ']');
}

static void add_value(struct buffer *out, const struct arg_option *option)
{
    if (!option->argument)
        return;
    buffer_printf(out, ":%s:", option->argument);
    if (option->choices)
        buffer_printf(out, "(%s)", option->choices);
    else if (completion_is_path(option))
        buffer_add_text(out, "_files");
}

static void add_option(struct buffer *out, const struct arg_option *option)
{
    SP_AUTO(buffer_fini) struct buffer text = {0};
    add_doc(&text, option->doc);
    add_value(&text, option);
    buffer_add_text(out, "            ");
    if (option->value < 256)
        buffer_printf(out, "'(-%c --%s)'{-%c,--%s}", option->value, option->name, option->value,
                      option->name);
    else
        buffer_printf(out, "--%s", option->name);
    completion_add_quoted(out, buffer_text(&text), "'\\''");
    buffer_add_char(out, '\n');
}

static void add_rest(struct buffer *out, const struct command *command, const char *word)
{
    if (command->rest == REST_COMMAND)
        buffer_add_text(out, "            '1:command:_scanpipe_commands'\n");
    else if (command->words && !*word)
        buffer_printf(out, "            '1:what to do:(%s)'\n", command->words);
    else if (command->words)
        buffer_add_text(out, "            '1:what to do:'\n");
    if (command->rest == REST_PLUGIN)
        buffer_add_text(out, "            '2:plugin:_scanpipe_plugins'\n");
    if (command->rest == REST_KIND)
        buffer_add_text(out, "            '2:kind:(" TEMPLATE_KINDS ")'\n");
    if (command->rest == REST_FILES)
        buffer_add_text(out, "            '*:file:_files'\n");
}

static void add_options(struct buffer *out, const struct command *command, const char *word)
{
    if (command == commands && !*word)
        add_known(out);
    buffer_printf(out, "    '%s %s')\n        arguments=(\n", command->name, word);
    for (const struct arg_option *option = command->options; option->name; option++)
        if (!*word || args_word_is(option->words, word))
            add_option(out, option);
    add_rest(out, command, word);
    buffer_add_text(out, "        ) ;;\n");
}

static const char tail[] = "    esac\n"
                           "    _arguments -s -S $arguments\n"
                           "}\n"
                           "\n"
                           "if [[ $funcstack[1] == _scanpipe ]]; then\n"
                           "    _scanpipe \"$@\"\n"
                           "else\n"
                           "    compdef _scanpipe scanpipe\n"
                           "fi\n";

const struct completion_shell completion_zsh = {head, add_command, middle, add_options, tail};
