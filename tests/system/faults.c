/* A disk that fails when told, put under a program by LD_PRELOAD: only files whose name ends in ".segment" are on it.
 *
 *   $FALCONER_TEST_FAULTS/hang        while it is there, fdatasync does not return
 *   $FALCONER_TEST_FAULTS/unreadable  "NAME FROM TO": these bytes of the file NAME cannot be read (EIO)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static const char* told(char* path, size_t size, const char* what) {
    const char* folder = getenv("FALCONER_TEST_FAULTS");
    snprintf(path, size, "%s/%s", folder ? folder : "/nonexistent", what);
    return path;
}

/* The last part of the file's name; empty for what is no segment. */
static const char* segment_of(int fd, char* name, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t length = readlink(link, name, size - 1);
    name[length < 0 ? 0 : length] = 0;
    const char* slash = strrchr(name, '/');
    const char* last  = slash ? slash + 1 : name;
    const char* end   = strrchr(last, '.');
    return end && strcmp(end, ".segment") == 0 ? last : "";
}

static ssize_t read_at(int fd, void* to, size_t size, off_t at) {
    char        path[4096], name[4096], bad[256] = "";
    long long   from = 0, till = 0;
    const char* segment = segment_of(fd, name, sizeof name);
    FILE* const file    = *segment ? fopen(told(path, sizeof path, "unreadable"), "re") : NULL;
    if (file) {
        const int read = fscanf(file, "%255s %lld %lld", bad, &from, &till);
        fclose(file);
        if (read == 3 && strcmp(bad, segment) == 0 && at < till) {
            if (at >= from) {
                errno = EIO;
                return -1;
            }
            if ((off_t)size > from - at) size = (size_t)(from - at);
        }
    }
    return syscall(SYS_pread64, fd, to, size, at);
}

ssize_t pread(int fd, void* to, size_t size, off_t at) {
    return read_at(fd, to, size, at);
}
ssize_t pread64(int fd, void* to, size_t size, off_t at) {
    return read_at(fd, to, size, at);
}
ssize_t __pread_chk(int fd, void* to, size_t size, off_t at, size_t room) {
    (void)room;
    return read_at(fd, to, size, at);
}
ssize_t __pread64_chk(int fd, void* to, size_t size, off_t at, size_t room) {
    (void)room;
    return read_at(fd, to, size, at);
}

int fdatasync(int fd) {
    char path[4096], name[4096];
    if (*segment_of(fd, name, sizeof name))
        while (access(told(path, sizeof path, "hang"), F_OK) == 0) usleep(20000);
    return (int)syscall(SYS_fdatasync, fd);
}
