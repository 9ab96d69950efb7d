/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "plugin/elf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_at(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static bool read_at(int fd, void *out, size_t size, uint64_t offset)
{
    return pread(fd, out, size, (off_t)offset) == (ssize_t)size;
}

static bool segments_whole(int fd, const ElfW(Ehdr) * head, uint64_t file_size)
{
    for (unsigned i = 0; i < head->e_phnum; i++) {
        ElfW(Phdr) segment;
        if (!read_at(fd, &segment, sizeof segment, head->e_phoff + (uint64_t)i * sizeof segment))
            return false;
        if (segment.p_offset > file_size || segment.p_filesz > file_size - segment.p_offset)
            return false;
    }
    return true;
}

int elf_check(const char *path, struct sp_error *err)
{
    SP_AUTO(close_at) int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;
    if (fd < 0 || fstat(fd, &about) != 0)
        return sp_fail(err, SP_REFUSED, "cannot open %s: %s", path, strerror(errno));
    ElfW(Ehdr) head;
    if (!read_at(fd, &head, sizeof head, 0) || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
        head.e_type != ET_DYN)
        return sp_fail(err, SP_REFUSED, "%s is not a shared object", path);
    if (head.e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) ||
        head.e_phentsize != sizeof(ElfW(Phdr)))
        return sp_fail(err, SP_REFUSED, "%s was built for another kind of machine", path);
    if (!segments_whole(fd, &head, (uint64_t)about.st_size))
        return sp_fail(err, SP_REFUSED, "%s is cut short: its segments reach past its end", path);
    return 0;
}
