/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/priv.h - what the files of this room share; nobody else includes it.
 *
 * Each kind of object has a put (add, or change if `was` is given) and a del that
 * append requests for op to a batch, or work at once (sysctl, BPF maps). They
 * return 0 or -errno; what the kernel says later comes to op by its number. o is
 * op's object, or that of another entry which has to be put again because its
 * device was made anew.
 */
#ifndef MIP6_KERN_PRIV_H
#define MIP6_KERN_PRIV_H

#include <ev.h>

#include "kern/kern.h"
#include "kern/nl.h"
#include "kern/switch.h"

#define KERN_ALIAS	"mip6d"		/* IFLA_IFALIAS of our devices */
#define KERN_HOP_LIMIT	64		/* of outer headers */

struct monitor;
struct ingress;
struct steer;

struct kern {
	struct ev_loop *loop;
	enum kern_ingress_mode ingress_mode;
	char *sysctl_file;		/* or NULL */
	struct sysctl_side *sysctl_side;
	struct kern_news news;
	struct ksw sw;
	struct nlq rt, xf;		/* xf.fd -1: this kernel has no XFRM user interface */
	struct nlq_ask ask, ask_xf;
	int last_ifindex;		/* of our own range */
	struct monitor *mon;
	struct ingress *ingress;
	struct steer *steer;		/* NULL: nothing was steered so far */
	struct log_rl rl;
	uint64_t overruns;		/* of the monitor */
	ev_prepare prepare;
	ev_idle idle;			/* runs while there is work for the next turn */
	ev_io rt_io, xf_io;
};

/* ---- kern.c ---- */
void kern_wake(struct kern *k);		/* the loop must not sleep: there is work */
int kern_ifindex(struct kern *k, const char *dev);	/* or -ENODEV */
int kern_link_index(struct kern *k, const char *name);	/* tunnel.c: as the kernel says it */
/* nlq_end(), with op (may be NULL) waiting for the answer. */
void kern_req(struct nlq *n, struct nlmsghdr *h, struct kop *op);
/* Puts again all that stood on a device which was made anew. */
int kern_put_again(struct kern *k, struct kop *op, const char *dev);

/* ---- one kind each ---- */
typedef int (*kind_put_fn)(struct kern *k, struct kop *op, const struct kobj *o,
			   const struct kobj *was);
typedef int (*kind_del_fn)(struct kern *k, struct kop *op, const struct kobj *o);

int kern_route_put(struct kern *k, struct kop *op, const struct kobj *o, const struct kobj *was);
int kern_route_del(struct kern *k, struct kop *op, const struct kobj *o);
int kern_rule_put(struct kern *k, struct kop *op, const struct kobj *o, const struct kobj *was);
int kern_rule_del(struct kern *k, struct kop *op, const struct kobj *o);
int kern_addr_put(struct kern *k, struct kop *op, const struct kobj *o, const struct kobj *was);
int kern_addr_del(struct kern *k, struct kop *op, const struct kobj *o);
int kern_link_put(struct kern *k, struct kop *op, const struct kobj *o, const struct kobj *was);
int kern_link_del(struct kern *k, struct kop *op, const struct kobj *o);
int kern_xstate_put(struct kern *k, struct kop *op, const struct kobj *o, const struct kobj *was);
int kern_xstate_del(struct kern *k, struct kop *op, const struct kobj *o);
int kern_xpolicy_put(struct kern *k, struct kop *op, const struct kobj *o, const struct kobj *was);
int kern_xpolicy_del(struct kern *k, struct kop *op, const struct kobj *o);
int kern_proxy_put(struct kern *k, struct kop *op, const struct kobj *o, const struct kobj *was);
int kern_proxy_del(struct kern *k, struct kop *op, const struct kobj *o);
int kern_knows_put(struct kern *k, struct kop *op, const struct kobj *o, const struct kobj *was);
int kern_knows_del(struct kern *k, struct kop *op, const struct kobj *o);
int kern_sysctl_put(struct kern *k, struct kop *op, const struct kobj *o, const struct kobj *was);
int kern_sysctl_del(struct kern *k, struct kop *op, const struct kobj *o);
int kern_ingress_put(struct kern *k, struct kop *op, const struct kobj *o, const struct kobj *was);
int kern_ingress_del(struct kern *k, struct kop *op, const struct kobj *o);

int kern_snet_put(struct kern *k, struct kop *op, const struct kobj *o, const struct kobj *was);
int kern_snet_del(struct kern *k, struct kop *op, const struct kobj *o);
int kern_spath_put(struct kern *k, struct kop *op, const struct kobj *o, const struct kobj *was);
int kern_spath_del(struct kern *k, struct kop *op, const struct kobj *o);
int kern_spath_again(struct kern *k, struct kop *op, const struct kobj *o);
int kern_sflow_put(struct kern *k, struct kop *op, const struct kobj *o, const struct kobj *was);
int kern_sflow_del(struct kern *k, struct kop *op, const struct kobj *o);

/* ---- sysctl.c ---- */
/* Puts back what sysctl_file says an earlier run changed; the number of them or -errno. */
int kern_sysctl_recover(struct kern *k);
void kern_sysctl_close(struct kern *k);

/* ---- ingress.c ---- */
/* The filter of a device of ours: queues its requests (the device is still down). */
int kern_ingress_attach(struct kern *k, struct kop *op, int ifindex);
void kern_ingress_detach(struct kern *k, struct kop *op, int ifindex);
void kern_ingress_forget(struct kern *k, int ifindex);	/* before the device is deleted */
void kern_ingress_flush(struct kern *k);	/* writes what stands in maps and not in messages */
void kern_ingress_close(struct kern *k);

/* ---- steer.c ---- */
/* The program of a device, if it has one, once more: the device was made anew. */
void kern_steer_attach(struct kern *k, struct kop *op, int ifindex);
void kern_steer_flush(struct kern *k);
void kern_steer_close(struct kern *k);

/* ---- tc.c ---- */
struct tc_at {				/* a place for a filter */
	int ifindex;
	bool out;			/* at the way out of the device, not at the way in */
	uint16_t pref, ethertype;	/* the latter in host order */
	uint32_t handle;
};
/* A request about a filter; goes into the batch with kern_req(). */
struct nlmsghdr *kern_tc_msg(struct kern *k, uint16_t type, uint16_t flags, const struct tc_at *at);
void kern_clsact(struct kern *k, struct kop *op, int ifindex, bool away);	/* or put it */
/* A BPF filter that decides by itself; in the place of the one that is there. */
void kern_tc_bpf(struct kern *k, struct kop *op, const struct tc_at *at, int prog,
		 const char *name);

/* ---- tunnel.c ---- */
bool link_is_tunnel_type(uint16_t arphrd);
void kern_link_aside(struct kern *k, struct kentry *e);	/* struct kback */

/* ---- monitor.c ---- */
int monitor_open(struct kern *k);
void monitor_close(struct kern *k);
void monitor_read(struct kern *k);	/* what the kernel has said so far: caches and news */
void monitor_first_news(struct kern *k);	/* the state found at start, once, from the loop */

#endif
