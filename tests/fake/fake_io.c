/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_io.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "io/anycast.h"
#include "io/icmp4.h"
#include "run/timer.h"

#define LISTENERS 8
#define SOCKETS	  4
#define TYPES	  16
#define LINKS	  64
#define ANYCASTS  32

/* A queue of messages of one kind. */
struct node {
	struct node *next;
	union {
		struct fake_mh mh;
		struct fake_nd nd;
		struct fake_icmp icmp;
	};
};
struct queue {
	struct node *first, *last, *popped;
	size_t n;
};

struct mhsock {
	struct mh_dialect dialect;
	mhsock_rx_fn fn;
	void *arg;
	int fail;
	struct queue sent;
	struct mhsock_stats stats;
};
struct ndsock {
	struct {
		ndsock_rx_fn fn;
		void *arg;
	} listener[LISTENERS];
	struct {
		int ifindex;
		struct in6_addr group;
		unsigned users;
	} member[LINKS];
	int fail;
	struct queue sent;
	struct ndsock_stats stats;
};
struct icmp6sock {
	bool open;
	uint8_t types[TYPES];
	icmp6sock_rx_fn fn;
	void *arg;
};

static struct mhsock mh;
static struct ndsock nd;
static struct icmp6sock icmp[SOCKETS];
static struct queue icmp_sent;
static struct fake_icmp4 icmp4_last;
static unsigned icmp4_sent;
static int icmp_fail, anycast_fail;
static struct {
	int ifindex;			/* 0: free */
	bool forgotten;			/* the descriptor stands, the address is not heard */
	struct in6_addr addr;
} anycast[ANYCASTS];

static void give_up(const char *what)
{
	fprintf(stderr, "fake_io: %s\n", what);
	abort();
}

static struct node *push(struct queue *q)
{
	struct node *n = calloc(1, sizeof(*n));

	if (!n)
		abort();
	if (q->last)
		q->last->next = n;
	else
		q->first = n;
	q->last = n;
	q->n++;
	return n;
}

static struct node *pop(struct queue *q)
{
	free(q->popped);
	q->popped = q->first;
	if (q->first) {
		q->first = q->first->next;
		q->n--;
	}
	if (!q->first)
		q->last = NULL;
	return q->popped;
}

static void empty(struct queue *q)
{
	while (pop(q))
		;
}

void fake_io_reset(void)
{
	empty(&mh.sent);
	empty(&nd.sent);
	empty(&icmp_sent);
	mh = (struct mhsock){ 0 };
	nd = (struct ndsock){ 0 };
	memset(icmp, 0, sizeof(icmp));
	memset(anycast, 0, sizeof(anycast));
	icmp_fail = anycast_fail = 0;
	icmp4_sent = 0;
}

/* ---- Mobility Header ---- */

struct mhsock *fake_mhsock(void)
{
	return &mh;
}

int mhsock_open(struct mhsock **s, struct ev_loop *loop, const struct mh_dialect *d,
		mhsock_rx_fn fn, void *arg)
{
	(void)loop;
	mh.dialect = *d;
	mh.fn = fn;
	mh.arg = arg;
	*s = &mh;
	return 0;
}

void mhsock_close(struct mhsock *s)
{
	if (s)
		s->fn = NULL;
}

int mhsock_send(struct mhsock *s, const struct mh_tx *tx)
{
	struct fake_mh *f;
	const char *why;

	if (s->fail || tx->len < 8 || tx->len > MH_MAX_LEN || IN6_IS_ADDR_UNSPECIFIED(&tx->src)) {
		s->stats.tx_errors++;
		return s->fail ? s->fail : -EINVAL;
	}
	f = &push(&s->sent)->mh;
	f->tx = *tx;
	memcpy(f->buf, tx->buf, tx->len);
	f->tx.buf = f->buf;
	if (tx->to_ll) {
		f->ll = *tx->to_ll;
		f->tx.to_ll = &f->ll;
	}
	f->err = mh_parse(f->buf, tx->len, &s->dialect, &f->m, &why);
	if (tx->buf[2] < ARRAY_SIZE(s->stats.tx))
		s->stats.tx[tx->buf[2]]++;
	return 0;
}

struct mhsock_stats mhsock_stats(const struct mhsock *s)
{
	return s->stats;
}

size_t fake_mh_count(void)
{
	return mh.sent.n;
}

const struct fake_mh *fake_mh_pop(void)
{
	struct node *n = pop(&mh.sent);

	return n ? &n->mh : NULL;
}

void fake_mh_rx(const struct mh_rx *rx)
{
	struct mh_rx now = *rx;
	const char *why = NULL;
	struct mh_msg m;
	int err = mh_parse(rx->buf, rx->len, &mh.dialect, &m, &why);

	if (!mh.fn)
		give_up("a mobility message, but no mhsock_open()");
	if (!err)
		mh.stats.rx[m.type]++;
	now.at = run_now();
	mh.fn(mh.arg, &now, err ? NULL : &m, err, err ? why : NULL);
}

void fake_mh_rx_msg(const struct mh_rx *rx, const struct mh_msg *m)
{
	struct mh_rx with = *rx;
	uint8_t buf[MH_MAX_LEN];
	size_t mac_at;
	ssize_t n = mh_build(m, &mh.dialect, buf, sizeof(buf), &mac_at);

	if (n < 0)
		give_up("the message to be injected does not build");
	with.buf = buf;
	with.len = (size_t)n;
	fake_mh_rx(&with);
}

void fake_mh_fail(int rc)
{
	mh.fail = rc;
}

/* ---- Neighbour Discovery ---- */

struct ndsock *fake_ndsock(void)
{
	return &nd;
}

int ndsock_open(struct ndsock **s, struct ev_loop *loop)
{
	(void)loop;
	*s = &nd;
	return 0;
}

void ndsock_close(struct ndsock *s)
{
	(void)s;
}

int ndsock_listen(struct ndsock *s, ndsock_rx_fn fn, void *arg)
{
	for (size_t i = 0; i < LISTENERS; i++)
		if (!s->listener[i].fn) {
			s->listener[i].fn = fn;
			s->listener[i].arg = arg;
			return 0;
		}
	return -ENOMEM;
}

void ndsock_unlisten(struct ndsock *s, ndsock_rx_fn fn, void *arg)
{
	for (size_t i = 0; i < LISTENERS; i++)
		if (s->listener[i].fn == fn && s->listener[i].arg == arg)
			s->listener[i].fn = NULL;
}

/* The place of a membership, or a free one. Watched links are members of "::". */
static size_t member(int ifindex, const struct in6_addr *group)
{
	size_t i, spare = LINKS;

	for (i = 0; i < LINKS; i++) {
		if (nd.member[i].users && nd.member[i].ifindex == ifindex &&
		    in6_eq(&nd.member[i].group, group))
			return i;
		if (!nd.member[i].users && spare == LINKS)
			spare = i;
	}
	if (spare == LINKS)
		give_up("too many groups");
	return spare;
}

static int member_set(int ifindex, const struct in6_addr *group, bool on)
{
	size_t i = member(ifindex, group);

	if (on && nd.fail)
		return nd.fail;
	if (!on && !nd.member[i].users)
		return -ENOENT;
	nd.member[i].ifindex = ifindex;
	nd.member[i].group = *group;
	nd.member[i].users += on ? 1u : -1u;
	return 0;
}

int ndsock_watch(struct ndsock *s, int ifindex, bool on)
{
	(void)s;
	return member_set(ifindex, &in6addr_any, on);
}

int ndsock_group(struct ndsock *s, int ifindex, const struct in6_addr *addr, bool join)
{
	struct in6_addr group = in6_solicited_node(addr);

	(void)s;
	return member_set(ifindex, &group, join);
}

int ndsock_send(struct ndsock *s, int ifindex, const struct in6_addr *src,
		const struct in6_addr *dst, const struct nd_msg *m)
{
	uint8_t buf[ND_BUILD_MAX];
	ssize_t n = nd_build(m, buf, sizeof(buf));
	struct fake_nd *f;
	const char *why;

	if (s->fail || n < 0) {
		s->stats.tx_errors++;
		return s->fail ? s->fail : (int)n;
	}
	f = &push(&s->sent)->nd;
	f->ifindex = ifindex;
	f->has_src = src != NULL;
	f->has_dst = dst != NULL;
	if (src)
		f->src = *src;
	if (dst)
		f->dst = *dst;
	if (nd_parse(buf, (size_t)n, &f->m, &why) < 0)
		give_up(why);
	s->stats.tx++;
	return 0;
}

struct ndsock_stats ndsock_stats(const struct ndsock *s)
{
	return s->stats;
}

size_t fake_nd_count(void)
{
	return nd.sent.n;
}

const struct fake_nd *fake_nd_pop(void)
{
	struct node *n = pop(&nd.sent);

	return n ? &n->nd : NULL;
}

bool fake_nd_rx(int ifindex, const struct in6_addr *src, const struct in6_addr *dst,
		const struct nd_msg *m)
{
	struct nd_rx rx = { .ifindex = ifindex, .src = *src, .dst = *dst, .at = run_now() };

	if (!fake_nd_watched(ifindex))
		return false;
	nd.stats.rx++;
	for (size_t i = 0; i < LISTENERS; i++)
		if (nd.listener[i].fn)
			nd.listener[i].fn(nd.listener[i].arg, &rx, m);
	return true;
}

unsigned fake_nd_watched(int ifindex)
{
	return nd.member[member(ifindex, &in6addr_any)].users;
}

unsigned fake_nd_joined(int ifindex, const struct in6_addr *addr)
{
	struct in6_addr group = in6_solicited_node(addr);

	return nd.member[member(ifindex, &group)].users;
}

void fake_nd_fail(int rc)
{
	nd.fail = rc;
}

/* ---- other ICMPv6 ---- */

int icmp6sock_open(struct icmp6sock **s, struct ev_loop *loop, const uint8_t *types,
		   icmp6sock_rx_fn fn, void *arg)
{
	size_t i = 0;

	(void)loop;
	while (i < SOCKETS && icmp[i].open)
		i++;
	if (i == SOCKETS || strlen((const char *)types) >= TYPES)
		return -ENOMEM;
	icmp[i] = (struct icmp6sock){ .open = true, .fn = fn, .arg = arg };
	memcpy(icmp[i].types, types, strlen((const char *)types));
	*s = &icmp[i];
	return 0;
}

void icmp6sock_close(struct icmp6sock *s)
{
	if (s)
		s->open = false;
}

int icmp6sock_send(struct icmp6sock *s, const struct icmp6_tx *tx, const struct icmp6_msg *m)
{
	struct fake_icmp *f;
	const char *why;
	ssize_t n;

	(void)s;
	if (icmp_fail)
		return icmp_fail;
	f = &push(&icmp_sent)->icmp;
	f->tx = *tx;
	n = icmp6_build(m, f->buf, sizeof(f->buf));
	if (n < 0 || icmp6_parse(f->buf, (size_t)n, &f->m, &why) < 0)
		give_up("an ICMPv6 message does not build or parse");
	return 0;
}

size_t fake_icmp_count(void)
{
	return icmp_sent.n;
}

const struct fake_icmp *fake_icmp_pop(void)
{
	struct node *n = pop(&icmp_sent);

	return n ? &n->icmp : NULL;
}

unsigned fake_icmp_rx(const struct icmp6_rx *rx, const struct icmp6_msg *m)
{
	struct icmp6_rx now = *rx;
	unsigned n = 0;

	now.at = run_now();
	for (size_t i = 0; i < SOCKETS; i++)
		if (icmp[i].open && memchr(icmp[i].types, m->type, sizeof(icmp[i].types))) {
			icmp[i].fn(icmp[i].arg, &now, m);
			n++;
		}
	return n;
}

void fake_icmp_fail(int rc)
{
	icmp_fail = rc;
}

/* ---- ICMPv4 ---- */

int icmp4_unreachable(struct in_addr dst, const uint8_t *quote, size_t len)
{
	icmp4_last = (struct fake_icmp4){ .dst = dst, .len = MIN(len, sizeof(icmp4_last.quote)) };
	memcpy(icmp4_last.quote, quote, icmp4_last.len);
	icmp4_sent++;
	return 0;
}

const struct fake_icmp4 *fake_icmp4_last(unsigned *n)
{
	*n = icmp4_sent;
	return &icmp4_last;
}

/* ---- anycast ---- */

int anycast_join(int ifindex, const struct in6_addr *addr)
{
	int fd = 0;

	if (anycast_fail)
		return anycast_fail;
	while (fd < ANYCASTS && anycast[fd].ifindex)
		fd++;
	if (fd == ANYCASTS)
		give_up("too many anycast addresses");
	anycast[fd].ifindex = ifindex;
	anycast[fd].addr = *addr;
	return fd;
}

void anycast_leave(int fd)
{
	if (fd >= 0)
		memset(&anycast[fd], 0, sizeof(anycast[fd]));
}

unsigned fake_anycast_joined(int ifindex, const struct in6_addr *addr)
{
	unsigned n = 0;

	for (size_t i = 0; i < ANYCASTS; i++)
		n += anycast[i].ifindex == ifindex && !anycast[i].forgotten &&
		     in6_eq(&anycast[i].addr, addr);
	return n;
}

unsigned fake_anycast_count(void)
{
	unsigned n = 0;

	for (size_t i = 0; i < ANYCASTS; i++)
		n += anycast[i].ifindex != 0;
	return n;
}

void fake_anycast_forget(int ifindex)
{
	for (size_t i = 0; i < ANYCASTS; i++)
		anycast[i].forgotten |= anycast[i].ifindex == ifindex;
}

void fake_anycast_fail(int rc)
{
	anycast_fail = rc;
}
