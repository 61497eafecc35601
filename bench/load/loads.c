/* loads.c - the loads: fan-out, connecting, joining, doing nothing, pairs. */
#include "ircload.h"

/* Opens all clients, at most cfg.concurrency being set up at once. */
void set_up(void) {
    u64 limit = now_ns() + cfg.timeout * SEC;
    for (int next = 0; n_ready < cfg.clients;) {
        while (next < cfg.clients && n_pending < cfg.concurrency) conn_open(&conns[next++]);
        poll_once(0.1);
        if (count.died || now_ns() > limit) {
            fprintf(stderr, "ircload: set-up failed: %d of %d ready, %lu died\n", n_ready, cfg.clients, count.died);
            exit(1);
        }
    }
}

static void run_quiet(double secs) {
    for (u64 end = now_ns() + secs * SEC; now_ns() < end;) poll_once(0.05);
}

/* Lets the next sender of a channel speak; one that is gone is the end of the run. */
static void send_next(int chan, u64 ts) {
    struct channel *ch = &chans[chan];
    char to[64];
    int senders = cfg.senders < ch->members ? cfg.senders : ch->members;
    struct conn *c = &conns[(ch->turn++ % senders) * cfg.channels + chan];
    if (c->state != READY) fputs("ircload: a sender was cut off\n", stderr), exit(1);
    snprintf(to, sizeof to, "%s%d", cfg.prefix, chan);
    put_message(c, to, ts);
    ch->sent++, count.sent++;
}

static void flush_senders(void) {
    for (int i = 0; i < cfg.senders * cfg.channels && i < cfg.clients; i++)
        if (conns[i].out_len && !conns[i].polling_out && conns[i].state == READY) flush(&conns[i]);
}

/* Keeps each channel's window full. */
static void fill_windows(u64 t) {
    for (int i = 0; i < cfg.channels; i++) {
        struct channel *ch = &chans[i];
        u64 fan = ch->members - !cfg.echo;
        if (!cfg.pace_one) ch->done = fan ? ch->got / fan : 0;
        while (ch->sent - ch->done < (u64)cfg.window) send_next(i, t);
    }
    flush_senders();
}

static u64 backlog(void) {
    u64 missing = 0;
    for (int i = 0; i < cfg.channels; i++)
        missing += chans[i].sent * (chans[i].members - !cfg.echo) - chans[i].got;
    return missing;
}

/* Opens, registers and closes connections: one step of the connect mode. */
static double step_connect(u64 t) {
    (void)t;
    for (int i = 0; i < cfg.concurrency; i++) {
        struct conn *c = &conns[i];
        /* With --resume the very first connection stays until it has its ticket. */
        if (c->state == READY && !(cfg.resume && !has_ticket())) {
            if (!cfg.handshake_only) putf(c, "QUIT\r\n");
            flush(c);
            conn_close(c);
        }
        if (c->state == CLOSED) conn_open(c);
    }
    return 0.1;
}

static double step_fanout(u64 t) {
    static u64 next;
    static int chan;
    if (cfg.rate <= 0) return fill_windows(t), 0.1;
    for (next = next ? next : t; next <= t; next += SEC / cfg.rate) {
        send_next(chan, next);
        chan = (chan + 1) % cfg.channels;
    }
    flush_senders();
    return (next - t) / 1e9;
}

/* Every pair's first ping; later ones are answers (on_message). */
static double step_pm(u64 t) {
    static bool begun;
    for (int i = 0; !begun && i + 1 < cfg.clients; i += 2) {
        char to[64];
        snprintf(to, sizeof to, "%s%d", cfg.nick, i ^ 1);
        put_message(&conns[i], to, t);
        flush(&conns[i]);
    }
    begun = true;
    return 0.1;
}

static double step_idle(u64 t) { (void)t; return 0.1; }

/* Waits for what is still on its way, as long as something comes. */
static void wait_for_stragglers(void) {
    for (u64 last = now_ns(), seen = 0; backlog() && now_ns() - last < SEC;) {
        poll_once(0.05);
        if (backlog() != seen) seen = backlog(), last = now_ns();
    }
}

/* Warm-up, then the measured part. */
static void run_for_a_time(double (*step)(u64), struct mark *a, struct mark *b) {
    u64 begin = now_ns() + cfg.warmup * SEC, stop = begin + cfg.secs * SEC;
    sending = true;
    for (u64 t; (t = now_ns()) < stop;) {
        if (!measuring && t >= begin) *a = mark(), measuring = true;
        double wait = step(t), left = ((measuring ? stop : begin) - t) / 1e9;
        poll_once(wait < left ? wait : left);
    }
    *b = mark();
    measuring = sending = false;
    if (cfg.mode == FANOUT) wait_for_stragglers();
}

/* All join one channel at once; done when each is in and has been told of all who came later. */
static void run_join(struct mark *a, struct mark *b) {
    u64 n = cfg.clients, told = n * (n + 1) / 2, limit = now_ns() + cfg.timeout * SEC;
    *a = mark(), measuring = true;
    for (u64 i = 0; i < n; i++) {
        conns[i].began = a->t;
        putf(&conns[i], "JOIN %s0\r\n", cfg.prefix);
        flush(&conns[i]);
    }
    while ((count.joined < n || count.delivered < told) && !count.died && now_ns() < limit) poll_once(0.1);
    *b = mark();
    if (count.joined == n && count.delivered == told) return;
    fprintf(stderr, "ircload: %lu of %lu joined, told of %lu of %lu joins\n", count.joined, n, count.delivered, told);
    exit(1);
}

void run_load(struct mark *a, struct mark *b) {
    static double (*const steps[])(u64) = { step_fanout, step_connect, step_idle, step_pm };
    *a = mark();
    run_quiet(cfg.settle);
    if (cfg.announce) fputs("ready\n", stderr);
    if (cfg.mode == JOIN) run_join(a, b);
    else run_for_a_time(steps[cfg.mode], a, b);
}
