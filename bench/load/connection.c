/* connection.c - sockets, TLS, input and output. */
#include "ircload.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <sys/epoll.h>

static SSL_CTX *ctx;
static SSL_SESSION *ticket;     /* --resume: the newest session */
static int ep, serial;

bool has_ticket(void) { return ticket; }

void conn_close(struct conn *c) {
    if (c->state == CLOSED) return;
    if (c->state != READY) n_pending--;
    else n_ready--;
    if (c->ssl) SSL_free(c->ssl);
    close(c->fd);
    free(c->out);
    *c = (struct conn){ .id = c->id, .fd = -1 };
}

static void conn_died(struct conn *c, const char *why) {
    if (cfg.verbose || count.died < 5) fprintf(stderr, "ircload: client %d (state %d) died: %s\n", c->id, c->state, why);
    count.died++;
    ERR_clear_error();
    conn_close(c);
}

static void poll_out(struct conn *c, bool on) {
    if (c->polling_out == on) return;
    struct epoll_event ev = { .events = EPOLLIN | (on ? EPOLLOUT : 0), .data.ptr = c };
    epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &ev);
    c->polling_out = on;
}

void flush(struct conn *c) {
    size_t off = 0;
    while (off < c->out_len) {
        ssize_t n = c->ssl ? SSL_write(c->ssl, c->out + off, c->out_len - off)
                           : send(c->fd, c->out + off, c->out_len - off, MSG_NOSIGNAL);
        if (n <= 0) {
            if (c->ssl ? SSL_get_error(c->ssl, n) > SSL_ERROR_WANT_WRITE || SSL_get_error(c->ssl, n) == SSL_ERROR_SSL
                       : errno != EAGAIN) { conn_died(c, "write"); return; }
            break;
        }
        off += n;
    }
    memmove(c->out, c->out + off, c->out_len - off);
    c->out_len -= off;
    poll_out(c, c->out_len > 0);
}

void put(struct conn *c, const char *s, size_t n) {
    if (c->out_len + n > c->out_cap) {
        c->out_cap = (c->out_len + n) * 2;
        if (!(c->out = realloc(c->out, c->out_cap))) die("realloc");
    }
    memcpy(c->out + c->out_len, s, n);
    c->out_len += n;
}

void putf(struct conn *c, const char *fmt, ...) {
    char buf[9000];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(buf, sizeof buf, fmt, ap);
    va_end(ap);
    put(c, buf, n);
}

void conn_open(struct conn *c) {
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) die("socket");
    int one = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(cfg.port) };
    inet_pton(AF_INET, cfg.host, &a.sin_addr);
    if (connect(c->fd, (void *)&a, sizeof a) && errno != EINPROGRESS) die("connect");
    c->state = CONNECTING, c->serial = serial++, c->began = now_ns();
    n_pending++;
    struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT, .data.ptr = c };
    c->polling_out = true;
    if (epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev)) die("epoll_ctl");
}

static bool begin_handshake(struct conn *c, unsigned events) {
    int err = 0;
    socklen_t len = sizeof err;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len);
    if (err) return conn_died(c, strerror(err)), false;
    if (!(events & EPOLLOUT)) return false;
    poll_out(c, false);
    if (cfg.plain) return begin_registration(c), true;
    c->state = HANDSHAKE;
    c->ssl = SSL_new(ctx);
    SSL_set_fd(c->ssl, c->fd);
    SSL_set_connect_state(c->ssl);
    if (cfg.resume && ticket) SSL_set_session(c->ssl, ticket);
    return true;
}

/* Whether there may be something to read already. */
static bool go_on_with_handshake(struct conn *c) {
    int r = SSL_do_handshake(c->ssl);
    if (r <= 0) {
        int e = SSL_get_error(c->ssl, r);
        if (e == SSL_ERROR_WANT_WRITE) poll_out(c, true);
        else if (e != SSL_ERROR_WANT_READ) conn_died(c, "handshake");
        return false;
    }
    count.resumed += SSL_session_reused(c->ssl);
    begin_registration(c);
    if (cfg.handshake_only) return registered(c), false;
    return SSL_has_pending(c->ssl);
}

static void read_all(struct conn *c) {
    static char buf[LONGEST_READ];
    do {
        ssize_t n = c->ssl ? SSL_read(c->ssl, buf, sizeof buf) : recv(c->fd, buf, sizeof buf, 0);
        if (n <= 0) {
            int e = c->ssl ? SSL_get_error(c->ssl, n) : 0;
            if (c->ssl ? e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE : n == 0 || errno != EAGAIN)
                conn_died(c, n == 0 || e == SSL_ERROR_ZERO_RETURN ? "closed by the server" : "read");
            return;
        }
        on_data(c, buf, n);
    } while (c->state != CLOSED && c->ssl && SSL_has_pending(c->ssl));
}

static void on_event(struct conn *c, unsigned events) {
    if (c->state == CLOSED) return;
    if (c->state == CONNECTING && !begin_handshake(c, events)) return;
    if (c->state == HANDSHAKE && !go_on_with_handshake(c)) return;
    if (events & EPOLLOUT) flush(c);
    if (c->state != CLOSED) read_all(c);
    if (c->state != CLOSED && c->out_len) flush(c);
    if (c->state != CLOSED && cfg.quickack)
        setsockopt(c->fd, IPPROTO_TCP, TCP_QUICKACK, &(int){ 1 }, sizeof(int));
}

void poll_once(double max_wait) {
    struct epoll_event ev[512];
    struct timespec ts = { .tv_sec = max_wait, .tv_nsec = (max_wait - (long)max_wait) * 1e9 };
    int n = epoll_pwait2(ep, ev, 512, &ts, NULL);
    for (int i = 0; i < n; i++) on_event(ev[i].data.ptr, ev[i].events);
}

static int on_new_session(SSL *s, SSL_SESSION *session) {
    (void)s;
    if (ticket) SSL_SESSION_free(ticket);
    ticket = session;
    return 1;
}

static void tls_init(void) {
    if (!(ctx = SSL_CTX_new(TLS_client_method()))) die("SSL_CTX_new");
    SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
    if (!SSL_CTX_set_ciphersuites(ctx, cfg.cipher) || !SSL_CTX_set1_groups_list(ctx, "X25519:P-256")) die("cipher");
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(ctx, 1);     /* one recv() per wake-up instead of two per record */
    SSL_CTX_set_session_cache_mode(ctx, cfg.resume ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE
                                                   : SSL_SESS_CACHE_OFF);
    if (cfg.resume) SSL_CTX_sess_set_new_cb(ctx, on_new_session);
}

void connections_init(void) {
    if (!cfg.plain) tls_init();
    if ((ep = epoll_create1(EPOLL_CLOEXEC)) < 0) die("epoll_create1");
    if (!(conns = calloc(cfg.clients, sizeof *conns)) || !(chans = calloc(cfg.channels, sizeof *chans))) die("calloc");
    for (int i = 0; i < cfg.clients; i++) conns[i].id = i, conns[i].fd = -1, chans[i % cfg.channels].members++;
}
