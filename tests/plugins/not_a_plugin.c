/* SPDX-License-Identifier: Apache-2.0 */

/* sink_not_a_plugin.so: a shared object as any, that has nothing to do with scanpipe. */

int not_a_plugin_answer(void);

int not_a_plugin_answer(void)
{
    return 42;
}
