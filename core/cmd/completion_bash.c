/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cmd/completion.h"

static const char head[] = "# bash completion for scanpipe: what `scanpipe completion bash` prints.\n"
                           "\n"
                           "# _scanpipe_command COMMAND: sets words and rest.\n"
                           "_scanpipe_command()\n"
                           "{\n"
                           "    words='' rest=''\n"
                           "    case $1 in\n";

static void add_command(struct buffer *out, const struct command *command)
{
    static const char *const rests[] = {[REST_NOTHING] = "",
                                        [REST_FILES] = " rest=files",
                                        [REST_PLUGIN] = " rest=plugin",
                                        [REST_COMMAND] = "",
                                        [REST_KIND] = " rest='" TEMPLATE_KINDS "'"};
    if (!command->words && command->rest == REST_NOTHING)
        return;
    buffer_printf(out, "    %s) words='", command->name);
    completion_add_words(out, command);
    buffer_printf(out, "'%s ;;\n", rests[command->rest]);
}

static const char middle[] =
    "    esac\n"
    "}\n"
    "\n"
    "# _scanpipe_options COMMAND WORD: sets options, and those of them that take files, choices, anything.\n"
    "_scanpipe_options()\n"
    "{\n"
    "    options='' files='' choices='' others=''\n"
    "    case \"$1 $2\" in\n";

static void add_names(struct buffer *out, const struct arg_option *option)
{
    if (option->value < 256)
        buffer_printf(out, " -%c", option->value);
    buffer_printf(out, " --%s", option->name);
}

static void add_options(struct buffer *out, const struct command *command, const char *word)
{
    SP_AUTO(buffer_fini) struct buffer all = {0}, files = {0}, choices = {0}, others = {0};
    for (const struct arg_option *option = command->options; option->name; option++) {
        if (*word && !args_word_is(option->words, word))
            continue;
        add_names(&all, option);
        if (option->choices)
            buffer_printf(&choices, " --%s:%s;", option->name, option->choices);
        else if (option->argument)
            add_names(completion_is_path(option) ? &files : &others, option);
    }
    buffer_printf(out, "    '%s %s') options='%s ' files='%s ' choices='%s' others='%s ' ;;\n", command->name,
                  word, buffer_text(&all), buffer_text(&files), buffer_text(&choices), buffer_text(&others));
}

static const char tail[] =
    "    esac\n"
    "}\n"
    "\n"
    "_scanpipe_files()\n"
    "{\n"
    "    compopt -o filenames 2>/dev/null\n"
    "    mapfile -t COMPREPLY < <(compgen -f -- \"$1\")\n"
    "}\n"
    "\n"
    "_scanpipe_words()\n"
    "{\n"
    "    mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$2\")\n"
    "}\n"
    "\n"
    "_scanpipe()\n"
    "{\n"
    "    local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "    local command=run word='' first=1 i words rest options files choices others\n"
    "    COMPREPLY=()\n"
    "    if [[ $current == = ]]; then\n"
    "        current=''\n"
    "    elif [[ $before == = ]]; then\n"
    "        before=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    fi\n"
    "    if ((COMP_CWORD > 1)) && [[ ${COMP_WORDS[1]} != -* ]]; then\n"
    "        command=${COMP_WORDS[1]} first=2\n"
    "    fi\n"
    "    _scanpipe_command \"$command\"\n"
    "    for ((i = first; i < COMP_CWORD; i++)); do\n"
    "        if [[ \" $words \" == *\" ${COMP_WORDS[i]} \"* ]]; then\n"
    "            word=${COMP_WORDS[i]}\n"
    "            break\n"
    "        fi\n"
    "    done\n"
    "    _scanpipe_options \"$command\" \"$word\"\n"
    "    if [[ $files == *\" $before \"* ]]; then\n"
    "        _scanpipe_files \"$current\"\n"
    "    elif [[ $choices == *\" $before:\"* ]]; then\n"
    "        choices=${choices#*\" $before:\"}\n"
    "        _scanpipe_words \"${choices%%;*}\" \"$current\"\n"
    "    elif [[ $others == *\" $before \"* ]]; then\n"
    "        return\n"
    "    elif [[ $current == -* ]]; then\n"
    "        _scanpipe_words \"$options\" \"$current\"\n"
    "    elif ((COMP_CWORD == 1)); then\n"
    "        _scanpipe_command help\n"
    "        _scanpipe_words \"$words\" \"$current\"\n"
    "    elif [[ -n $words && -z $word ]]; then\n"
    "        _scanpipe_words \"$words\" \"$current\"\n"
    "    elif [[ $rest == files ]]; then\n"
    "        _scanpipe_files \"$current\"\n"
    "    elif [[ $before != \"$word\" ]]; then\n"
    "        return\n"
    "    elif [[ $rest == plugin ]]; then\n"
    "        _scanpipe_words \"$(\"$program\" plugins 2>/dev/null |\n"
    "            while read -r kind name _; do [[ $kind != \"$word\" ]] || echo \"$name\"; done)\" \"$current\"\n"
    "    else\n"
    "        _scanpipe_words \"$rest\" \"$current\"\n"
    "    fi\n"
    "}\n"
    "complete -F _scanpipe scanpipe\n";

const struct completion_shell completion_bash = {head, add_command, middle, add_options, tail};
