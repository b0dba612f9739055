// SPDX-License-Identifier: BSD-2-Clause
/*
 * stream: numbered UDP packets at a steady pace, and bulk TCP, for the lab's figures of loss.
 *
 *   stream udp-recv PORT FILE               until SIGTERM, then the account goes to FILE
 *   stream udp-send DST PORT FILE US FLOWS SIZE (STREAM_DSCP in the environment: its packets')
 *                                           FLOWS packets of SIZE octets each US microseconds
 *   stream tcp-recv PORT FILE               takes any number of connections
 *   stream tcp-send DST PORT FILE FLOWS     sends on each as much as it takes
 *
 * A receiver says "ready" when it is, and that of UDP "running" with its first packet. A flow is a socket of its own. Files are JSON. Times are
 * nanoseconds of CLOCK_REALTIME, which all namespaces of a kernel share (and the captures have). A
 * late sender sends what is due at once, so that the numbers keep the pace.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FLOWS_MAX	256
#define SIZE_MAX_	2048
#define RCVBUF		(8 << 20)
#define SLICE		100000000ull	/* ns: TCP is counted in tenths of a second */
#define BLOCK		16384

struct packet { uint32_t flow, seq; uint64_t sent; };

/* One UDP flow at the receiver. */
struct flow {
	uint32_t n, cap;		/* numbers known; places */
	uint64_t *sent, *got;		/* by number; got 0: not (yet) */
	uint32_t received, twice, late;
	uint32_t highest;
};

static volatile sig_atomic_t over;

static void on_term(int sig)
{
	(void)sig;
	over = 1;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static FILE *open_out(const char *path)
{
	FILE *f = fopen(path, "w");

	if (!f)
		die(path);
	return f;
}

static int bound(int type, const char *port)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(port)) };
	int fd = socket(AF_INET6, type, 0), zero = 0, one = 1, size = RCVBUF;

	if (fd < 0)
		die("socket");
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		die("bind");
	if (type == SOCK_STREAM && listen(fd, FLOWS_MAX) < 0)
		die("listen");
	puts("ready");
	fflush(stdout);
	return fd;
}

/* Either family; an unconnected error of the network does not end us. */
static int towards(int type, const char *dst, const char *port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_in four = { .sin_family = AF_INET };
	bool is4 = inet_pton(AF_INET, dst, &four.sin_addr) == 1;
	int fd = socket(is4 ? AF_INET : AF_INET6, type, 0);
	const char *dscp = getenv("STREAM_DSCP");
	int tos = dscp ? atoi(dscp) << 2 : 0;

	six.sin6_port = four.sin_port = htons((uint16_t)atoi(port));
	if (fd < 0 || (!is4 && inet_pton(AF_INET6, dst, &six.sin6_addr) != 1))
		die(dst);
	if (dscp && setsockopt(fd, is4 ? IPPROTO_IP : IPPROTO_IPV6, is4 ? IP_TOS : IPV6_TCLASS,
			       &tos, sizeof(tos)) < 0)
		die("DSCP");
	if (connect(fd, is4 ? (void *)&four : (void *)&six, is4 ? sizeof(four) : sizeof(six)) < 0)
		die("connect");
	return fd;
}

/* ---- UDP ---- */

static void udp_send(char **arg)
{
	uint64_t pace = strtoull(arg[3], NULL, 10) * 1000, due, failed = 0;
	uint32_t flows = (uint32_t)atoi(arg[4]), size = (uint32_t)atoi(arg[5]), seq = 0;
	static uint8_t buf[SIZE_MAX_];
	int fd[FLOWS_MAX];
	FILE *f;

	if (!pace || !flows || flows > FLOWS_MAX || size < sizeof(struct packet) || size > SIZE_MAX_)
		exit(2);
	for (uint32_t i = 0; i < flows; i++)
		fd[i] = towards(SOCK_DGRAM, arg[0], arg[1]);
	due = now();
	while (!over) {
		uint64_t t = now();

		if (t < due) {
			struct timespec nap = { .tv_nsec = (long)(due - t) };

			nanosleep(&nap, NULL);
			continue;
		}
		for (uint32_t i = 0; i < flows; i++) {
			struct packet p = { i, seq, now() };

			memcpy(buf, &p, sizeof(p));
			/* an ICMP error from before is told here: the packet itself goes next */
			if (send(fd[i], buf, size, 0) < 0 && send(fd[i], buf, size, 0) < 0)
				failed++;
		}
		seq++;
		due += pace;
	}
	f = open_out(arg[2]);
	fprintf(f, "{\"each\": %" PRIu32 ", \"flows\": %" PRIu32 ", \"refused\": %" PRIu64 "}\n", seq,
		flows, failed);
	fclose(f);
}

static void flow_room(struct flow *fl, uint32_t seq)
{
	uint32_t cap = fl->cap ? fl->cap : 4096;

	if (seq >= fl->cap) {
		while (cap <= seq)
			cap *= 2;
		fl->sent = realloc(fl->sent, cap * sizeof(*fl->sent));
		fl->got = realloc(fl->got, cap * sizeof(*fl->got));
		if (!fl->sent || !fl->got)
			die("realloc");
		memset(fl->sent + fl->cap, 0, (cap - fl->cap) * sizeof(*fl->sent));
		memset(fl->got + fl->cap, 0, (cap - fl->cap) * sizeof(*fl->got));
		fl->cap = cap;
	}
	if (seq >= fl->n)
		fl->n = seq + 1;
}

static void take(struct flow *fl, const struct packet *p, uint64_t at)
{
	flow_room(fl, p->seq);
	if (fl->got[p->seq]) {
		fl->twice++;
		return;
	}
	if (fl->received && p->seq < fl->highest)
		fl->late++;
	if (p->seq > fl->highest)
		fl->highest = p->seq;
	fl->received++;
	fl->sent[p->seq] = p->sent;
	fl->got[p->seq] = at;
}

/* Each run of missing numbers: first, last, and when its neighbours were sent and received. */
static void say_gaps(FILE *f, const struct flow *fl)
{
	const char *comma = "";

	for (uint32_t i = 0; i < fl->n; i++) {
		uint32_t first = i;

		if (fl->got[i])
			continue;
		while (i < fl->n && !fl->got[i])
			i++;
		fprintf(f, "%s[%" PRIu32 ", %" PRIu32 ", %" PRIu64 ", %" PRIu64 ", %" PRIu64 ", %" PRIu64 "]",
			comma, first, i - 1, first ? fl->sent[first - 1] : 0, first ? fl->got[first - 1] : 0,
			fl->sent[i], fl->got[i]);
		comma = ", ";
	}
}

static void udp_recv(char **arg)
{
	int fd = bound(SOCK_DGRAM, arg[0]);
	static struct flow flow[FLOWS_MAX];
	uint8_t buf[SIZE_MAX_];
	const char *comma = "";
	bool running = false;
	FILE *f;

	while (!over) {
		struct pollfd w = { .fd = fd, .events = POLLIN };
		struct packet p;

		if (poll(&w, 1, 200) <= 0)
			continue;
		while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) >= (ssize_t)sizeof(p)) {
			memcpy(&p, buf, sizeof(p));
			if (p.flow < FLOWS_MAX && p.seq < 1u << 24)
				take(&flow[p.flow], &p, now());
			if (!running) {
				puts("running");
				fflush(stdout);
			}
			running = true;
		}
	}
	f = open_out(arg[1]);
	fprintf(f, "[");
	for (uint32_t i = 0; i < FLOWS_MAX; i++) {
		if (!flow[i].n)
			continue;
		fprintf(f, "%s{\"flow\": %" PRIu32 ", \"n\": %" PRIu32 ", \"received\": %" PRIu32
			", \"twice\": %" PRIu32 ", \"late\": %" PRIu32 ", \"gaps\": [", comma, i, flow[i].n,
			flow[i].received, flow[i].twice, flow[i].late);
		say_gaps(f, &flow[i]);
		fprintf(f, "]}\n");
		comma = ", ";
	}
	fprintf(f, "]\n");
	fclose(f);
}

/* ---- TCP ---- */

static void tcp_send(char **arg)
{
	unsigned flows = (unsigned)atoi(arg[3]);
	static uint8_t block[BLOCK];
	struct pollfd w[FLOWS_MAX];
	uint64_t sum = 0;
	unsigned broken = 0;
	FILE *f;

	if (!flows || flows > FLOWS_MAX)
		exit(2);
	for (unsigned i = 0; i < flows; i++)
		w[i] = (struct pollfd){ .fd = towards(SOCK_STREAM, arg[0], arg[1]), .events = POLLOUT };
	while (!over && broken < flows) {
		if (poll(w, flows, 200) <= 0)
			continue;
		for (unsigned i = 0; i < flows; i++) {
			ssize_t n = w[i].revents ? send(w[i].fd, block, BLOCK, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;

			if (n > 0) {
				sum += (uint64_t)n;
			} else if (n < 0 && errno != EAGAIN) {
				fprintf(stderr, "connection %u: %s\n", i, strerror(errno));
				w[i].fd = -1;
				broken++;
			}
		}
	}
	f = open_out(arg[2]);
	fprintf(f, "{\"octets\": %" PRIu64 ", \"broken\": %u}\n", sum, broken);
	fclose(f);
}

struct slices { uint64_t begin; uint64_t *octets; size_t n, cap; };

static void count(struct slices *s, uint64_t octets)
{
	uint64_t t = now();
	size_t i;

	if (!s->begin)
		s->begin = t;
	i = (size_t)((t - s->begin) / SLICE);
	if (i >= s->cap) {
		size_t cap = (i + 1) * 2;

		s->octets = realloc(s->octets, cap * sizeof(*s->octets));
		if (!s->octets)
			die("realloc");
		memset(s->octets + s->cap, 0, (cap - s->cap) * sizeof(*s->octets));
		s->cap = cap;
	}
	if (i >= s->n)
		s->n = i + 1;
	s->octets[i] += octets;
}

static void tcp_recv(char **arg)
{
	int fd = bound(SOCK_STREAM, arg[0]);
	struct pollfd w[FLOWS_MAX + 1] = { { .fd = fd, .events = POLLIN } };
	static uint8_t block[1 << 17];
	struct slices s = { 0 };
	nfds_t n = 1;
	FILE *f;

	while (!over) {
		if (poll(w, n, 200) <= 0)
			continue;
		if (w[0].revents && n <= FLOWS_MAX)
			w[n++] = (struct pollfd){ .fd = accept(fd, NULL, NULL), .events = POLLIN };
		for (nfds_t i = 1; i < n; i++) {
			ssize_t got = w[i].revents ? recv(w[i].fd, block, sizeof(block), MSG_DONTWAIT) : -1;

			if (got > 0)
				count(&s, (uint64_t)got);
			else if (w[i].revents && (got == 0 || errno != EAGAIN))
				w[i].fd = -1;
		}
	}
	f = open_out(arg[1]);
	fprintf(f, "{\"begin\": %" PRIu64 ", \"slices\": [", s.begin);
	for (size_t i = 0; i < s.n; i++)
		fprintf(f, "%s%" PRIu64, i ? ", " : "", s.octets[i]);
	fprintf(f, "]}\n");
	fclose(f);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int args;
		void (*run)(char **arg);
	} mode[] = {
		{ "udp-recv", 2, udp_recv }, { "udp-send", 6, udp_send },
		{ "tcp-recv", 2, tcp_recv }, { "tcp-send", 4, tcp_send },
	};
	struct sigaction on = { .sa_handler = on_term };

	sigaction(SIGTERM, &on, NULL);
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(mode) / sizeof(mode[0]); i++)
		if (argc > 1 && strcmp(argv[1], mode[i].name) == 0 && argc - 2 == mode[i].args) {
			mode[i].run(argv + 2);
			return 0;
		}
	fprintf(stderr, "usage: see the head of stream.c\n");
	return 2;
}
