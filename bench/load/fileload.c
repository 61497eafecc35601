/*
 * fileload - sends files through relays, over TLS 1.3, and takes them out at the other end.
 *
 *   fileload SIZE [options] < trips
 *
 * Each line of the input is a trip: the sender's port, the receiver's port, the sender's first
 * line and the receiver's, with a '|' between them.  Where these are empty nothing is said, and
 * no answer is waited for.  All trips begin at once, when the connections of all are there, and end
 * when all has arrived, or by SIGTERM.
 *
 *   --farewell LINE      what a receiver says at the end, upon which the sender hears a line
 *   --slow N             the last N receivers take no more than 64 KiB ten times a second
 *   --announce           say 'ready' on standard error before the first byte
 *
 * One thread; a port on which nobody listens yet is tried again.  Prints one line of JSON: the
 * bytes that have arrived, the seconds from the first to the last, and its own share of a core.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

typedef uint64_t u64;
enum { SEC = 1000000000, PIECE = 1 << 16, AT_ONCE = 1 << 18, MOST = 256 };

struct end { int fd; SSL *ssl; u64 left; bool sends, slow; const char *hello; };
static struct trip { struct end from, to; char line[1024]; } trips[MOST];
static int count, slow, ep;
static volatile sig_atomic_t ended;
static bool announced;
static const char *farewell;
static u64 size, arrived;
static SSL_CTX *ctx;
static char zeros[PIECE];

static u64 now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (u64)t.tv_sec * SEC + t.tv_nsec;
}

static double own_cpu(void) {
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return r.ru_utime.tv_sec + r.ru_stime.tv_sec + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static void die(const char *what) {
    fprintf(stderr, "fileload: %s: %s\n", what, errno ? strerror(errno) : "the other side has hung up");
    ERR_print_errors_fp(stderr);
    exit(1);
}

/* A connection whose handshake is over. */
static void reach(struct end *e, int port) {
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
    inet_pton(AF_INET, "127.0.0.1", &a.sin_addr);
    for (u64 limit = now_ns() + 10L * SEC;; close(e->fd), usleep(5000)) {
        if ((e->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0) die("socket");
        if (!connect(e->fd, (void *)&a, sizeof a)) break;
        if (errno != ECONNREFUSED || now_ns() > limit) die("connect");
    }
    setsockopt(e->fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
    e->ssl = SSL_new(ctx);
    SSL_set_fd(e->ssl, e->fd);
    if (SSL_connect(e->ssl) != 1) die("handshake");
}

static void say(struct end *e, const char *line) {
    char buf[1100];
    int n = snprintf(buf, sizeof buf, "%s\n", line);
    if (*line && SSL_write(e->ssl, buf, n) != n) die("write");
}

/* Waits for a line that does not begin with the word for a refusal. */
static void hear(struct end *e) {
    char line[512] = "";
    for (size_t n = 0; n + 1 < sizeof line && (!n || line[n - 1] != '\n'); n++)
        if (SSL_read(e->ssl, line + n, 1) != 1) die("no answer");
    if (strncmp(line, "FAIL", 4)) return;
    fprintf(stderr, "fileload: it was refused: %s", line);
    exit(1);
}

static void poll_for(struct end *e) {
    struct epoll_event ev = { .events = e->sends ? EPOLLOUT : EPOLLIN, .data.ptr = e };
    fcntl(e->fd, F_SETFL, O_NONBLOCK);
    if (!e->slow && epoll_ctl(ep, EPOLL_CTL_ADD, e->fd, &ev)) die("epoll_ctl");
}

static void done(struct end *e) {
    if (!e->slow) epoll_ctl(ep, EPOLL_CTL_DEL, e->fd, NULL);
    fcntl(e->fd, F_SETFL, 0);
}

/* Moves as much as can be moved, but not more than so many bytes. */
static void move(struct end *e, size_t most) {
    static char buf[PIECE];
    while (e->left && most) {
        size_t want = e->left < PIECE ? e->left : PIECE;
        int n = e->sends ? SSL_write(e->ssl, zeros, want) : SSL_read(e->ssl, buf, want);
        if (n <= 0) {
            int why = SSL_get_error(e->ssl, n);
            if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) die("the bytes have stopped");
            return;
        }
        e->left -= n;
        most -= (size_t)n < most ? (size_t)n : most;
        if (!e->sends) arrived += n;
    }
    if (!e->left) done(e);
}

/* A receiver takes all that there is: what OpenSSL has read ahead is not seen by epoll. */
static void on_event(struct end *e) { move(e, e->sends ? AT_ONCE : SIZE_MAX); }

static void move_slow_ones(void) {
    static u64 next;
    if (now_ns() < next) return;
    next = now_ns() + SEC / 10;
    for (int i = count - slow; i < count; i++) move(&trips[i].to, PIECE);
}

static void take_trips(void) {
    for (struct trip *t = trips; count < MOST && fgets(t->line, sizeof t->line, stdin); t++, count++) {
        char *rest = t->line, *from = strsep(&rest, "|"), *to = strsep(&rest, "|"), *hello = strsep(&rest, "|");
        if (!rest) die("a trip has four parts");
        rest[strcspn(rest, "\n")] = 0;
        t->from = (struct end){ .left = size, .sends = true, .hello = hello };
        t->to = (struct end){ .left = size, .hello = rest };
        reach(&t->from, atoi(from));
        reach(&t->to, atoi(to));
    }
}

static void begin(void) {
    for (int i = 0; i < count; i++) {
        say(&trips[i].from, trips[i].from.hello), say(&trips[i].to, trips[i].to.hello);
        if (*trips[i].to.hello) hear(&trips[i].from), hear(&trips[i].to);
        trips[i].to.slow = i >= count - slow;
    }
    if (announced) fputs("ready\n", stderr);
    for (int i = 0; i < count; i++) poll_for(&trips[i].from), poll_for(&trips[i].to);
}

static void take_options(int argc, char **argv) {
    if (argc < 2) errno = EINVAL, die("fileload SIZE [--farewell LINE] [--slow N] [--announce] < trips");
    size = strtoull(argv[1], NULL, 10);
    for (int i = 2; i < argc; i++) {
        if (!strcmp(argv[i], "--announce")) announced = true;
        else if (!strcmp(argv[i], "--farewell") && i + 1 < argc) farewell = argv[++i];
        else if (!strcmp(argv[i], "--slow") && i + 1 < argc) slow = atoi(argv[++i]);
        else errno = EINVAL, die(argv[i]);
    }
}

static void tls_init(void) {
    if (!(ctx = SSL_CTX_new(TLS_client_method()))) die("SSL_CTX_new");
    SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
    SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256");
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_default_read_buffer_len(ctx, AT_ONCE);  /* one recv() for many records */
}

static void on_term(int number) { (void)number, ended = true; }

int main(int argc, char **argv) {
    struct epoll_event evs[MOST];
    take_options(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, on_term);
    tls_init();
    take_trips();
    if ((ep = epoll_create1(EPOLL_CLOEXEC)) < 0) die("epoll_create1");
    begin();
    u64 began = now_ns();
    double used = own_cpu();
    while (!ended && arrived < size * count) {
        int n = epoll_wait(ep, evs, MOST, slow ? 20 : -1);
        for (int i = 0; i < n; i++) on_event(evs[i].data.ptr);
        if (slow) move_slow_ones();
    }
    double secs = (now_ns() - began) / 1e9, share = (own_cpu() - used) / secs;
    for (int i = 0; farewell && !ended && i < count; i++) say(&trips[i].to, farewell), hear(&trips[i].from);
    printf("{\"bytes\":%lu,\"secs\":%.4f,\"gen_cpu\":%.3f}\n", arrived, secs, share);
    return 0;
}
