/* watch.c - latencies, and what the server and the machine have used. */
#include "ircload.h"
#include <sys/resource.h>

u64 now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (u64)t.tv_sec * SEC + t.tv_nsec;
}

void die(const char *what) {
    fprintf(stderr, "ircload: %s: %s\n", what, errno ? strerror(errno) : "");
    ERR_print_errors_fp(stderr);
    exit(1);
}

/* Latency histogram: 64 linear steps per power of two, so within 1.6 %. */
static struct { u64 n, max, sum, bucket[64 * 64]; } hist;

static unsigned hist_index(u64 v) {
    if (v < 64) return v;
    unsigned shift = 57 - __builtin_clzll(v);
    return (shift + 1) * 64 + (v >> shift) - 64;
}

void latency_add(u64 v) {
    hist.bucket[hist_index(v)]++, hist.n++, hist.sum += v;
    if (v > hist.max) hist.max = v;
}

double latency_us(double q) {
    u64 rank = hist.n * q, seen = 0;
    for (unsigned i = 0; i < sizeof hist.bucket / sizeof *hist.bucket; i++)
        if ((seen += hist.bucket[i]) > rank) {
            u64 low = i < 64 ? i : (u64)(i % 64 + 64) << (i / 64 - 1);
            return low / 1000.0;
        }
    return hist.max / 1000.0;
}

double latency_mean_us(void) { return hist.n ? hist.sum / 1e3 / hist.n : 0; }

double latency_max_us(void) { return hist.max / 1e3; }

/* What the server has used, summed over --pid: CPU seconds and resident KiB. */
static void server_usage(double *cpu, long *rss) {
    *cpu = *rss = 0;
    for (int i = 0; i < cfg.npid; i++) {
        char path[64], buf[1024], *p;
        snprintf(path, sizeof path, "/proc/%d/stat", cfg.pids[i]);
        FILE *f = fopen(path, "r");
        if (!f) die(path);
        buf[fread(buf, 1, sizeof buf - 1, f)] = 0;
        fclose(f);
        u64 ut, st;
        long pages;
        if (!(p = strrchr(buf, ')')) ||
            sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d %*u %*u %ld",
                   &ut, &st, &pages) != 3) die("stat");
        *cpu += (double)(ut + st) / sysconf(_SC_CLK_TCK);
        *rss += pages * (sysconf(_SC_PAGESIZE) / 1024);
    }
}

/* CPU seconds used by the whole machine, the time stolen from it included. */
static double machine_cpu(void) {
    u64 v[8] = { 0 };
    FILE *f = fopen("/proc/stat", "r");
    if (!f || fscanf(f, "cpu %lu %lu %lu %lu %lu %lu %lu %lu", v, v+1, v+2, v+3, v+4, v+5, v+6, v+7) != 8) die("stat");
    fclose(f);
    return (double)(v[0] + v[1] + v[2] + v[5] + v[6] + v[7]) / sysconf(_SC_CLK_TCK);
}

static double own_cpu(void) {
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return r.ru_utime.tv_sec + r.ru_stime.tv_sec + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

struct mark mark(void) {
    struct mark m = { now_ns(), count.sent, count.delivered, count.completed, count.resumed, count.bytes_in,
                      0, own_cpu(), machine_cpu(), 0 };
    server_usage(&m.cpu, &m.rss);
    return m;
}
