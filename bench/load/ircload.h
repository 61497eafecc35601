/*
 * ircload.h - what the parts of the load generator share.
 *
 * watch.c       latencies, and what the server and the machine have used
 * connection.c  sockets, TLS, input and output
 * talk.c        what a client says to a server, and what it makes of the answers
 * loads.c       the loads: fan-out, connecting, joining, doing nothing, pairs
 * ircload.c     options, and the one line of JSON
 */
#ifndef IRCLOAD_H
#define IRCLOAD_H

#define _GNU_SOURCE
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef uint64_t u64;
enum { SEC = 1000000000, LONGEST_LINE = 2048, LONGEST_READ = 65536, LONGEST_TEXT = 8000 };
enum mode { FANOUT, CONNECT, IDLE, PM, JOIN };
enum state { CLOSED, CONNECTING, HANDSHAKE, REGISTER, JOINING, READY };

struct settings {
    enum mode mode;
    const char *host, *mode_name, *caps, *pass, *sasl_user, *sasl_pass, *nick, *prefix, *label, *cipher;
    int port, clients, concurrency, channels, senders, window, size, npid, pids[16];
    double rate, secs, warmup, settle, timeout;
    int plain, pace_one, echo, resume, join, handshake_only, quickack, announce, verbose;
};

struct conn {
    int fd, id, serial;
    enum state state;
    bool polling_out;
    SSL *ssl;
    u64 began;
    char *out;                  /* bytes not yet accepted by the socket */
    size_t out_len, out_cap;
    unsigned part_len;          /* an unfinished input line, cut at LONGEST_LINE */
    char part[LONGEST_LINE];
};

struct channel { u64 sent, got, done; int members, turn; };

/* One moment's counters; a result is the difference of two. */
struct mark { u64 t, sent, delivered, completed, resumed, bytes; double cpu, gen, machine; long rss; };

struct counters { u64 died, refused, resumed, delivered, sent, completed, joined, bytes_in; };

extern struct settings cfg;
extern struct conn *conns;
extern struct channel *chans;
extern struct counters count;
extern int n_pending, n_ready;
extern bool sending, measuring; /* measuring: warmed up, and the time is not up */

/* watch.c */
u64 now_ns(void);
void die(const char *what);
void latency_add(u64 ns);
double latency_us(double quantile);
double latency_mean_us(void);
double latency_max_us(void);
struct mark mark(void);

/* connection.c */
void connections_init(void);
void conn_open(struct conn *c);
void conn_close(struct conn *c);
bool has_ticket(void);
void put(struct conn *c, const char *s, size_t n);
void putf(struct conn *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void flush(struct conn *c);
void poll_once(double max_wait);

/* talk.c */
void put_message(struct conn *c, const char *to, u64 ts);
void begin_registration(struct conn *c);
void registered(struct conn *c);
void on_data(struct conn *c, const char *p, size_t n);

/* loads.c */
void set_up(void);
void run_load(struct mark *a, struct mark *b);

#endif
