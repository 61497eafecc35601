/* talk.c - what a client says to a server, and what it makes of the answers. */
#include "ircload.h"

/* One message of cfg.size bytes, its intended send time in the text. */
void put_message(struct conn *c, const char *to, u64 ts) {
    static char padding[LONGEST_TEXT];
    if (!*padding) memset(padding, 'x', cfg.size - 18);
    putf(c, "PRIVMSG %s :~%016lx %s\r\n", to, ts, padding);
}

void begin_registration(struct conn *c) {
    c->state = REGISTER;
    if (cfg.handshake_only) return;
    if (cfg.pass) putf(c, "PASS %s\r\n", cfg.pass);
    if (cfg.caps || cfg.sasl_user) putf(c, "CAP LS 302\r\n");
    int who = cfg.mode == CONNECT ? c->serial : c->id;
    putf(c, "NICK %s%d\r\nUSER %s 0 * :load\r\n", cfg.nick, who, cfg.nick);
    flush(c);
}

static void become_ready(struct conn *c) {
    c->state = READY;
    n_pending--, n_ready++;
}

void registered(struct conn *c) {
    count.completed++;
    if (cfg.mode == CONNECT) {
        if (measuring) latency_add(now_ns() - c->began);
        become_ready(c);
    } else if (cfg.mode == FANOUT || cfg.join) {
        c->state = JOINING;
        putf(c, "JOIN %s%d\r\n", cfg.prefix, c->id % cfg.channels);
        flush(c);
    } else become_ready(c);
}

static void send_sasl(struct conn *c) {
    char user[128], plain[300], b64[400];
    snprintf(user, sizeof user, cfg.sasl_user, c->id);
    int n = snprintf(plain, sizeof plain, "%c%s%c%s", 0, user, 0, cfg.sasl_pass ? cfg.sasl_pass : "");
    EVP_EncodeBlock((void *)b64, (void *)plain, n);
    putf(c, "AUTHENTICATE %s\r\n", b64);
}

/* A delivered PRIVMSG; text points behind the ':' and is n bytes long. */
static void on_message(struct conn *c, const char *text, size_t n, u64 t) {
    if (n < 17 || *text != '~') return;
    u64 ts = 0;
    for (int i = 1; i <= 16; i++) ts = ts << 4 | ((text[i] & 15) + (text[i] >> 6) * 9);
    if (cfg.mode == FANOUT) {
        struct channel *ch = &chans[c->id % cfg.channels];
        ch->got++;
        if (cfg.pace_one && c->id / cfg.channels == ch->members - 1) ch->done++;
        count.delivered++;
        if (measuring) latency_add(t - ts);
    } else if (cfg.mode == PM) {
        char to[64];
        snprintf(to, sizeof to, "%s%d", cfg.nick, c->id ^ 1);
        if (c->id & 1) put_message(c, to, ts);          /* the echoing side */
        else {
            count.delivered++;
            if (measuring) latency_add(t - ts);
            if (sending) put_message(c, to, now_ns());
        }
    }
}

static bool is(const char *s, const char *end, const char *word) {
    size_t n = strlen(word);
    return (size_t)(end - s) >= n && !memcmp(s, word, n);
}

static void on_capabilities(struct conn *c, const char *sub, const char *end) {
    if (!sub || is(sub, end, " LS * ")) return;             /* more to come */
    if (is(sub, end, " LS")) {
        if (cfg.sasl_user) putf(c, "CAP REQ :sasl %s\r\n", cfg.caps ? cfg.caps : "");
        else putf(c, "CAP REQ :%s\r\n", cfg.caps);
    } else if (is(sub, end, " ACK") && cfg.sasl_user) putf(c, "AUTHENTICATE PLAIN\r\n");
    else {
        if (is(sub, end, " NAK")) count.refused++;
        putf(c, "CAP END\r\n");
    }
}

static void on_registering(struct conn *c, const char *s, const char *end) {
    if (is(s, end, "001 ")) registered(c);
    else if (is(s, end, "CAP ")) on_capabilities(c, memchr(s + 4, ' ', end - s - 4), end);
    else if (is(s, end, "AUTHENTICATE +")) send_sasl(c);
    else if (is(s, end, "903 ")) putf(c, "CAP END\r\n");
}

static bool is_own(struct conn *c, const char *source, const char *end) {
    char own[64];
    snprintf(own, sizeof own, ":%s%d!", cfg.nick, c->id);
    return is(source, end, own);
}

/* How far clients are that come into a channel: each by itself, or in JOIN mode all at once. */
static void on_joining(struct conn *c, const char *source, const char *s, const char *end, u64 t) {
    bool told = is(s, end, "JOIN "), in = is(s, end, "366 ");
    if (c->state == JOINING && in) become_ready(c);
    if (cfg.mode != JOIN) return;
    if (cfg.caps && strstr(cfg.caps, "no-implicit-names")) in = told && is_own(c, source, end);
    if (told) count.delivered++;
    if (in) count.joined++, latency_add(t - c->began);
}

static bool is_refusal(const char *s, const char *end) {
    static const char *const words[] = { "ERROR", "433 ", "904 ", "404 ", "471 ", "405 ", "263 ", "437 " };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (is(s, end, words[i])) return true;
    return false;
}

static void on_refusal(struct conn *c, const char *s, const char *end) {
    count.refused++;
    if (cfg.verbose || count.refused < 5) fprintf(stderr, "ircload: client %d: %.*s\n", c->id, (int)(end - s), s);
}

static void on_line(struct conn *c, const char *s, const char *end, u64 t) {
    if (end > s && end[-1] == '\r') end--;
    if (s < end && *s == '@' && !(s = memchr(s, ' ', end - s))) return;
    while (s < end && *s == ' ') s++;
    const char *source = s;
    if (s < end && *s == ':' && !(s = memchr(s, ' ', end - s))) return;
    while (s < end && *s == ' ') s++;
    if (is(s, end, "PRIVMSG ")) {
        const char *text = memchr(s + 8, ' ', end - s - 8);
        if (text && text + 2 < end) on_message(c, text + 2, end - text - 2, t);
    } else if (is(s, end, "PING")) putf(c, "PONG%.*s\r\n", (int)(end - s - 4), s + 4);
    else if (is_refusal(s, end)) on_refusal(c, s, end);
    else if (c->state == REGISTER) on_registering(c, s, end);
    else on_joining(c, source, s, end, t);
}

void on_data(struct conn *c, const char *p, size_t n) {
    const char *end = p + n, *nl;
    u64 t = now_ns();
    count.bytes_in += n;
    if (c->part_len) {                                  /* finish the line begun earlier */
        nl = memchr(p, '\n', n);
        size_t take = (nl ? nl : end) - p, room = LONGEST_LINE - c->part_len;
        memcpy(c->part + c->part_len, p, take < room ? take : room);
        c->part_len += take < room ? take : room;
        if (!nl) return;
        unsigned len = c->part_len;
        c->part_len = 0;
        on_line(c, c->part, c->part + len, t);
        p = nl + 1;
    }
    for (; p < end && (nl = memchr(p, '\n', end - p)); p = nl + 1) on_line(c, p, nl, t);
    if (p < end) {
        c->part_len = end - p < LONGEST_LINE ? end - p : LONGEST_LINE;
        memcpy(c->part, p, c->part_len);
    }
}
