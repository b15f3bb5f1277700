// Another date for a process and for whatever it starts, PostgreSQL too: nothing but what clocks read is shifted.
//
//   cc -shared -fPIC -o /tmp/other_date.so tests/support/other_date.c
//   OTHER_DATE=34560000 LD_PRELOAD=/tmp/other_date.so COMMAND…      400 days ahead, in seconds
//
// Under libfaketime a PostgreSQL has no timeouts: while it waits, in libfaketime's epoll_wait, its signal handler
// reads the true time, and takes what is due for something that is due in 400 days.
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t shift(void) {
    const char* seconds = getenv("OTHER_DATE");
    return seconds ? atoll(seconds) : 0;
}

int clock_gettime(clockid_t clock, struct timespec* now) {
    const int wrong = (int)syscall(SYS_clock_gettime, clock, now);
    if (!wrong && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += shift();
    return wrong;
}

int gettimeofday(struct timeval* restrict now, void* restrict zone) {
    struct timespec exactly;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &exactly)) return -1;
    now->tv_sec  = exactly.tv_sec;
    now->tv_usec = exactly.tv_nsec / 1000;
    return 0;
}

time_t time(time_t* now) {
    struct timespec exactly;
    if (clock_gettime(CLOCK_REALTIME, &exactly)) return -1;
    if (now) *now = exactly.tv_sec;
    return exactly.tv_sec;
}
