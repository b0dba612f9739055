/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages on the wire: read from a file, or as they pass. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "mip6/ctl.h"
#include "mip6ctl/cmd.h"
#include "mip6ctl/decode.h"
#include "mip6ctl/pcap.h"
#include "mip6ctl/show.h"

/* ---- decode ---- */

static void put(const struct run *r, struct fmt_list *l, struct json_object *o)
{
	if (r->opt.json)
		fmt_list_add(l, o);
	else
		show_message(&r->opt, o);
}

int cmd_decode(struct run *r)
{
	static struct pcap p;
	const char *path = r->argv[0];
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	struct fmt_list l;
	const uint8_t *ip;
	double when;
	size_t len;
	long seen = 0;
	int rc = f ? pcap_open(&p, f) : -errno;

	fmt_list_begin(&l, &r->opt);
	while (rc == 0 && (!r->count || seen < r->count)) {
		struct json_object *o;

		rc = pcap_next(&p, &when, &ip, &len);
		if (rc <= 0)
			break;
		rc = 0;
		o = decode(ip, len, when);
		if (o)
			put(r, &l, o);
		seen += o != NULL;
		json_object_put(o);
	}
	fmt_list_end(&l, true);
	if (f && f != stdin)
		fclose(f);
	if (rc == 0)
		return MIP6_EXIT_DONE;
	fprintf(stderr, "mip6ctl: %s: %s\n", path,
		rc == -EPROTO ? "not a capture file (pcap, pcapng), or cut off" :
		rc == -ENOTSUP ? "captured on a kind of link that is not read here" :
				 strerror(-rc));
	return MIP6_EXIT_REFUSED;
}

/* ---- capture ---- */

/*
 * What can hold a mobility message: a Mobility Header, ICMPv6 144..147 and errors (1..4) that
 * quote one, GRE, a packet with options or a routing header; inside a tunnel of IPv6, the same:
 * its data are passed over in the kernel.
 * A packet socket without link header begins with the IPv6 header.
 */
#define LOAD(i)		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (i))
#define TAKE		BPF_STMT(BPF_RET | BPF_K, PCAP_SNAP)
#define LEAVE		BPF_STMT(BPF_RET | BPF_K, 0)
#define TAKE_IF(v)	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (v), 0, 1), TAKE
#define UNLESS(v, skip)	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (v), 0, (skip))
#define TAKE_ICMP(at) \
	LOAD(at), BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 147, 4, 0), \
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 144, 2, 0), \
	BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 4, 2, 0), \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), TAKE, LEAVE
#define TAKE_ICMP_LEN	7

static struct sock_filter filter[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (__u32)(SKF_AD_OFF + SKF_AD_PROTOCOL)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 1, 0), LEAVE,
	LOAD(6), TAKE_IF(135), TAKE_IF(60), TAKE_IF(43), TAKE_IF(0), TAKE_IF(47),
	UNLESS(58, TAKE_ICMP_LEN), TAKE_ICMP(40),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 41, 1, 0), LEAVE,
	LOAD(46), TAKE_IF(135), TAKE_IF(60), TAKE_IF(43), TAKE_IF(0),
	UNLESS(58, TAKE_ICMP_LEN), TAKE_ICMP(80),
	LEAVE,
};

/* Of all devices, both ways. */
static int open_socket(void)
{
	const struct sock_fprog prog = { ARRAY_SIZE(filter), filter };
	const struct sockaddr_ll any = { .sll_family = AF_PACKET,
					 .sll_protocol = htons(ETH_P_ALL) };
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1, rc = 0;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0 ||
	    bind(fd, (const struct sockaddr *)&any, sizeof(any)) < 0)
		rc = -errno;
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

static void stamp(struct msghdr *h, struct timespec *ts)
{
	clock_gettime(CLOCK_REALTIME, ts);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS)
			memcpy(ts, CMSG_DATA(c), sizeof(*ts));
	}
}

/* One packet, if there is one: 1 it was a message, 0 not, or -errno. */
static int take(struct run *r, int fd, FILE *out)
{
	static uint8_t buf[PCAP_SNAP];
	char control[128];
	struct sockaddr_ll from = { 0 };
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr h = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov,
			    .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(fd, &h, 0);
	struct json_object *o;
	struct timespec ts;
	int rc = 0;

	if (n < 0)			/* a device that goes down says so once */
		return errno == EAGAIN || errno == EINTR || errno == ENETDOWN ? 0 : -errno;
	stamp(&h, &ts);
	o = decode(buf, (size_t)n, (double)ts.tv_sec + (double)ts.tv_nsec / 1e9);
	if (!o)
		return 0;
	if (out) {
		rc = pcap_put(out, ts.tv_sec, ts.tv_nsec, (unsigned)from.sll_ifindex, ETH_P_IPV6,
			      from.sll_pkttype, buf, (size_t)n);
	} else if (r->opt.json) {
		fmt_json(&r->opt, o);
	} else {
		show_message(&r->opt, o);
	}
	fflush(stdout);
	json_object_put(o);
	return rc < 0 ? rc : 1;
}

static int follow(struct run *r, int fd, FILE *out)
{
	const double end = r->limit > 0 ? cmd_clock() + r->limit : 0;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	long seen = 0;
	int rc = out ? pcap_begin(out) : 0;

	while (rc >= 0 && (!r->count || seen < r->count)) {
		double left = end > 0 ? end - cmd_clock() : 0;

		if (end > 0 && left <= 0)
			break;
		if (poll(&p, 1, end > 0 ? (int)(left * 1000) + 1 : -1) < 0 && errno != EINTR)
			return -errno;
		rc = take(r, fd, out);
		seen += rc > 0;
	}
	return MIN(rc, 0);
}

int cmd_capture(struct run *r)
{
	int fd = open_socket(), rc;
	FILE *out = NULL;

	if (fd < 0) {
		fprintf(stderr, "mip6ctl: capture: %s%s\n", strerror(-fd),
			fd == -EPERM ? " (that takes CAP_NET_RAW: sudo?)" : "");
		return MIP6_EXIT_REFUSED;
	}
	if (r->file)
		out = strcmp(r->file, "-") == 0 ? stdout : fopen(r->file, "we");
	if (r->file && !out)
		rc = -errno;
	else
		rc = follow(r, fd, out);
	close(fd);
	if (out && out != stdout && fclose(out) != 0 && rc == 0)
		rc = -errno;
	if (rc == 0)
		return MIP6_EXIT_DONE;
	fprintf(stderr, "mip6ctl: %s: %s\n", r->file ? r->file : "capture", strerror(-rc));
	return MIP6_EXIT_REFUSED;
}
