/*
 * ircload - load generator for IRC servers, over TLS 1.3 or plain TCP.
 *
 *   ircload fanout|connect|idle|pm|join [options]          (see usage() below)
 *
 * One thread, one epoll set, OpenSSL on non-blocking sockets.  Every mode
 * prints one JSON line.  Messages carry their *intended* send time in the text
 * ("~<16 hex digits of CLOCK_MONOTONIC ns>"), so latency needs no bookkeeping
 * and open-loop runs do not suffer from coordinated omission.
 *
 * Closed loop ("--window W"): a channel may have W messages in flight.  With
 * "--pace all" (default) a message is done when the channel's delivery count
 * says every member has it, with "--pace one" when one designated receiver
 * (the last member to join) has it.
 *
 * The server is watched from outside: CPU time and RSS come from /proc/PID of
 * every "--pid".  gen_cpu is this program's own CPU share of the measured time:
 * near 1.0 means that the generator, not the server, was the limit.  other_cpu is
 * what everything else on the machine used: a run is only worth keeping when
 * that is small.
 */
#include "ircload.h"
#include <signal.h>
#include <sys/resource.h>

struct settings cfg = {
    .host = "127.0.0.1", .port = 6697, .clients = 100, .concurrency = 250, .channels = 1, .senders = 10,
    .window = 10, .size = 100, .secs = 5, .warmup = 1, .settle = 0.5, .timeout = 120,
    .nick = "l", .prefix = "#load", .label = "", .cipher = "TLS_AES_128_GCM_SHA256" };
struct conn *conns;
struct channel *chans;
struct counters count;
int n_pending, n_ready;
bool sending, measuring;

static void usage(void) {
    fputs("ircload fanout|connect|idle|pm|join [options]\n"
          "  --host A --port P --plain            where; TLS 1.3 unless --plain\n"
          "  --clients N --concurrency K          N connections, K being set up at once\n"
          "  --channels C --senders S --size B    S senders in each of C channels, B bytes of text\n"
          "  --window W [--pace one|all]          closed loop: W messages in flight per channel\n"
          "  --rate R                             open loop: R messages/s in all, instead of a window\n"
          "  --secs T --warmup T --settle T --timeout T   measured, unmeasured, quiet, set-up limit\n"
          "  --caps 'a b c' --echo                request capabilities; --echo: senders get their own\n"
          "  --pass P --sasl-user U --sasl-pass P PASS; SASL PLAIN ('%d' in U becomes the client number)\n"
          "  --nick X --chan #X                   name prefixes\n"
          "  --resume --handshake-only            connect: resume TLS sessions; stop at the handshake\n"
          "  --join                               idle: join the channels too\n"
          "  --announce                           say 'ready' on standard error when all are there\n"
          "  --quickack                           acknowledge at once: what a server that leaves Nagle on could do\n"
          "  --cipher C --pid P[,P...] --label L --verbose\n", stderr);
    exit(2);
}

static const struct option_of { const char *name; enum { FLAG, WHOLE, REAL, TEXT } kind; void *where; } known[] = {
    { "host", TEXT, &cfg.host }, { "port", WHOLE, &cfg.port }, { "plain", FLAG, &cfg.plain },
    { "clients", WHOLE, &cfg.clients }, { "concurrency", WHOLE, &cfg.concurrency },
    { "channels", WHOLE, &cfg.channels }, { "senders", WHOLE, &cfg.senders }, { "size", WHOLE, &cfg.size },
    { "window", WHOLE, &cfg.window }, { "rate", REAL, &cfg.rate }, { "secs", REAL, &cfg.secs },
    { "warmup", REAL, &cfg.warmup }, { "settle", REAL, &cfg.settle }, { "timeout", REAL, &cfg.timeout },
    { "caps", TEXT, &cfg.caps }, { "echo", FLAG, &cfg.echo }, { "pass", TEXT, &cfg.pass },
    { "sasl-user", TEXT, &cfg.sasl_user }, { "sasl-pass", TEXT, &cfg.sasl_pass }, { "nick", TEXT, &cfg.nick },
    { "chan", TEXT, &cfg.prefix }, { "resume", FLAG, &cfg.resume }, { "handshake-only", FLAG, &cfg.handshake_only },
    { "join", FLAG, &cfg.join }, { "announce", FLAG, &cfg.announce }, { "quickack", FLAG, &cfg.quickack },
    { "cipher", TEXT, &cfg.cipher }, { "label", TEXT, &cfg.label }, { "verbose", FLAG, &cfg.verbose } };

static void take_pids(char *list) {
    for (char *p = strtok(list, ", "); p && cfg.npid < 16; p = strtok(NULL, ", ")) cfg.pids[cfg.npid++] = atoi(p);
}

/* Takes one option; gives back whether it has taken the value as well. */
static bool take_option(const char *name, char *value) {
    bool pid = !strcmp(name, "pid"), pace = !strcmp(name, "pace");
    if (pid || pace) {
        if (!value) usage();
        if (pid) take_pids(value);
        else cfg.pace_one = !strcmp(value, "one");
        return true;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(name, known[i].name)) continue;
        if (known[i].kind == FLAG) return *(int *)known[i].where = true, false;
        if (!value) usage();
        if (known[i].kind == WHOLE) *(int *)known[i].where = atoi(value);
        if (known[i].kind == REAL) *(double *)known[i].where = atof(value);
        if (known[i].kind == TEXT) *(const char **)known[i].where = value;
        return true;
    }
    usage();
    return false;
}

static void take_options(int argc, char **argv) {
    static const char *const modes[] = { "fanout", "connect", "idle", "pm", "join" };
    unsigned m = 0;
    if (argc < 2) usage();
    while (m < 5 && strcmp(argv[1], modes[m])) m++;
    if (m == 5) usage();
    cfg.mode = m, cfg.mode_name = modes[m];
    for (int i = 2; i < argc; i++) {
        if (strncmp(argv[i], "--", 2)) usage();
        i += take_option(argv[i] + 2, i + 1 < argc ? argv[i + 1] : NULL);
    }
    if (cfg.mode == CONNECT) cfg.clients = cfg.concurrency;
    if (cfg.size < 18 || cfg.size >= LONGEST_TEXT || cfg.clients < 1 || cfg.channels < 1 ||
        cfg.channels > cfg.clients) usage();
}

/* How many messages should have come over the whole run, and how many have. */
static void totals(u64 *expected, u64 *got) {
    *expected = *got = 0;
    for (int i = 0; i < cfg.channels; i++) {
        *expected += chans[i].sent * (chans[i].members - !cfg.echo);
        *got += chans[i].got;
    }
}

static void report(struct mark *first, struct mark *up, struct mark *a, struct mark *b) {
    double secs = (b->t - a->t) / 1e9, cpu = b->cpu - a->cpu, gen = b->gen - a->gen;
    u64 ops = cfg.mode == CONNECT ? b->completed - a->completed : b->delivered - a->delivered, expected, got;
    totals(&expected, &got);
    printf("{\"label\":\"%s\",\"mode\":\"%s\",\"tls\":%d,\"clients\":%d,\"channels\":%d,\"senders\":%d,\"window\":%d,"
           "\"rate\":%g,\"size\":%d,\"setup_s\":%.2f,\"setup_cpu_s\":%.2f,", cfg.label, cfg.mode_name, !cfg.plain,
           cfg.clients, cfg.channels, cfg.senders, cfg.rate > 0 ? 0 : cfg.window, cfg.rate, cfg.size,
           (up->t - first->t) / 1e9, up->cpu - first->cpu);
    printf("\"secs\":%.3f,\"sent\":%lu,\"ops\":%lu,\"ops_per_s\":%.0f,\"expected\":%lu,\"got\":%lu,\"lost\":%ld,"
           "\"died\":%lu,\"errors\":%lu,\"resumed\":%lu,\"mbytes_per_s\":%.2f,", secs, b->sent - a->sent, ops, ops / secs,
           expected, got, (long)(expected - got), count.died, count.refused, b->resumed - a->resumed,
           (b->bytes - a->bytes) / 1e6 / secs);
    printf("\"lat_us\":{\"mean\":%.1f,\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f},", latency_mean_us(),
           latency_us(.5), latency_us(.99), latency_us(.999), latency_max_us());
    printf("\"srv_cpu\":%.3f,\"srv_us_per_op\":%.3f,\"ops_per_srv_cpu_s\":%.0f,\"gen_cpu\":%.3f,\"gen_us_per_op\":%.3f,"
           "\"other_cpu\":%.3f,\"rss0_kb\":%ld,\"rss_kb\":%ld,\"rss_end_kb\":%ld,\"kb_per_client\":%.2f}\n",
           cpu / secs, ops ? cpu * 1e6 / ops : 0, cpu > 0 ? ops / cpu : 0, gen / secs, ops ? gen * 1e6 / ops : 0,
           (b->machine - a->machine - cpu - gen) / secs, first->rss, a->rss, b->rss,
           (double)(a->rss - first->rss) / cfg.clients);
}

int main(int argc, char **argv) {
    struct rlimit lim;
    take_options(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    getrlimit(RLIMIT_NOFILE, &lim);
    lim.rlim_cur = lim.rlim_max;
    setrlimit(RLIMIT_NOFILE, &lim);
    connections_init();
    struct mark first = mark(), up, a, b;
    if (cfg.mode != CONNECT) set_up();
    up = mark();
    run_load(&a, &b);
    report(&first, &up, &a, &b);
    return 0;
}
