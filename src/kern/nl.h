/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/nl.h - netlink request sockets.
 *
 * Two kinds. struct nlq queues requests into a batch; nlq_send() hands the batch to
 * the kernel, and each acknowledgement finds its request by the sequence number
 * and goes to the ack function. The kernel answers a batch before sendmsg()
 * returns, so nlq_send() reads what is there; what is not, the loop reads later by
 * nlq_read(). A batch is bounded so that its acknowledgements (big socket buffers
 * for 36 bytes each) fit the receive buffer; should they not, or get lost
 * otherwise, the requests concerned fail with -ENOBUFS and are not forgotten.
 *
 * struct nlq_ask asks and waits: dumps and single look-ups at start and stop.
 *
 * Only the kernel (port 0) is listened to. Errors are -errno.
 */
#ifndef MIP6_KERN_NL_H
#define MIP6_KERN_NL_H

#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NL_MSG_MAX	2048		/* no request of ours is longer */
#define NL_BATCH_MSGS	256
#define NL_BATCH_BYTES	(64 * 1024)
#define NL_WAIT_MAX	1024		/* unanswered requests; power of 2 */

/* text: the kernel's extended message or NULL. */
typedef void (*nlq_ack_fn)(void *arg, void *tag, int rc, const char *text);

struct nlq_wait { uint32_t seq; void *tag; };

struct nlq {
	int fd;				/* -1: closed; requests fail with -ENOTCONN */
	uint32_t seq;
	nlq_ack_fn ack;
	void *arg;
	uint8_t *buf;			/* the batch being built */
	size_t used;
	unsigned n;
	struct nlq_wait *wait;		/* ring, in the order of seq */
	unsigned head, n_wait;
	uint8_t *in;			/* receive buffers */
	uint64_t requests, batches, overruns;
};

int nlq_open(struct nlq *n, int proto, nlq_ack_fn ack, void *arg);
void nlq_close(struct nlq *n);		/* harmless if never opened but zeroed with fd -1 */

/* The next message: header filled (REQUEST | ACK | flags), room for NL_MSG_MAX bytes. Sends the
 * batch first if it is full. Must be followed by nlq_end(). */
struct nlmsghdr *nlq_msg(struct nlq *n, uint16_t type, uint16_t flags);
void nlq_end(struct nlq *n, struct nlmsghdr *h, void *tag);
/* Queues a copy of a message made by somebody else; its flags get REQUEST | ACK. -EMSGSIZE. */
int nlq_copy(struct nlq *n, const struct nlmsghdr *h, void *tag);

void nlq_send(struct nlq *n);
void nlq_read(struct nlq *n);
static inline bool nlq_pending(const struct nlq *n)
{
	return n->n_wait > n->n;	/* sent and not answered */
}

struct nlq_ask {
	int fd;				/* -1: opened with the first question */
	uint32_t seq;
	char why[160];			/* the kernel's words for the last error, or "" */
};

typedef void (*nlq_each_fn)(void *arg, const struct nlmsghdr *h);
/* Sends h (its seq and flags REQUEST are filled in), calls each() for every message of the answer.
 * A dump that changed under way is repeated, so each() may see an object twice. */
int nlq_ask(struct nlq_ask *a, int proto, struct nlmsghdr *h, nlq_each_fn each, void *arg);
void nlq_ask_close(struct nlq_ask *a);

/* Bound, close-on-exec, blocking; a receive buffer of that many bytes even beyond rmem_max. */
int nlq_socket(int proto, uint32_t groups, int rcvbuf);

/* Attributes of h behind a header of hdrlen bytes, as a table indexed by type; later ones win. */
void nlq_attrs(const struct nlmsghdr *h, size_t hdrlen, const struct nlattr **tb, unsigned n);
void nlq_nested(const struct nlattr *a, const struct nlattr **tb, unsigned n);
/* Payload if it has at least `len` bytes, else NULL. */
const void *nlq_data(const struct nlattr *a, size_t len);
uint32_t nlq_u32(const struct nlattr *a);	/* 0 if absent or short */
uint8_t nlq_u8(const struct nlattr *a);
bool nlq_is(const struct nlattr *a, const char *s);	/* string attribute equal to s */

#endif
