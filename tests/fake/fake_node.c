/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_node.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/timer.h"

struct fake_node fake_node;

/* The handles are only looked at as NULL or not. */
static char handle[8];

static struct in6_addr hoa_of(unsigned i)
{
	struct in6_addr a = { .s6_addr = { 0x20, 1, 0xd, 0xb8, 2, 0x80, [13] = 1 } };

	a.s6_addr[11] = (uint8_t)(i >> 16);
	a.s6_addr[14] = (uint8_t)(i >> 8);
	a.s6_addr[15] = (uint8_t)i;
	return a;
}

void fake_node_start(const struct conf *conf)
{
	struct node *n = &fake_node.node;

	memset(&fake_node, 0, sizeof(fake_node));
	fake_node.conf = conf;
	conf_node(conf, &n->conf);
	n->started = run_now();
	n->ready = true;
	n->kern = (struct kern *)(void *)&handle[0];
	n->mh = (struct mhsock *)(void *)&handle[1];
	n->nd = (struct ndsock *)(void *)&handle[2];
	if (conf->roles & ROLE_HA && bc_new(&fake_node.bc) == 0)
		n->ha = (struct ha *)(void *)&handle[3];
	if (conf->roles & ROLE_CN && cnc_new(&fake_node.cn_cache) == 0)
		n->cn = (struct cn *)(void *)&handle[6];
	if (conf->roles & (ROLE_MN | ROLE_MR)) {
		n->mn = (struct mn *)(void *)&handle[4];
		n->md = (struct md *)(void *)&handle[5];
	}
}

void fake_node_stop(void)
{
	if (fake_node.bc)
		bc_free(fake_node.bc);
	cnc_free(fake_node.cn_cache);
	memset(&fake_node, 0, sizeof(fake_node));
}

void fake_node_bind(unsigned i)
{
	struct in6_addr coa = { .s6_addr = { 0x20, 1, 0xd, 0xb8, 0, 0xf1, [15] = 2 } };
	struct binding b = {
		.key.hoa = hoa_of(i), .coa = locator6(&coa), .local = hoa_of(0),
		.flags = BU_A | BU_H | BU_R, .seq = (uint16_t)i, .lifetime = 600,
		.since = run_now() - 1, .expires = run_now() + 599, .n_prefix = 1,
		.prefix[0] = { .family = AF_INET, .plen = 24, .a.b = { 10, 0, 0, 0 } },
	};

	if (!bc_put(fake_node.bc, &b))
		abort();
}

void fake_node_unbind(unsigned i)
{
	struct in6_addr a = hoa_of(i);
	struct bc_entry *e = bc_find(fake_node.bc, &a, 0);

	if (e)
		bc_del(fake_node.bc, e);
}

void fake_node_peer(unsigned i)
{
	struct cn_binding b = {
		.key = { hoa_of(0), hoa_of(i) },
		.path = { {
			.coa = { .s6_addr = { 0x20, 1, 0xd, 0xb8, 0, 0xf1, [15] = 2 } },
			.lifetime = 420, .since = run_now() - 1, .expires = run_now() + 419,
		} },
		.n_path = 1, .flags = BU_A, .seq = (uint16_t)i,
	};

	if (!cnc_put(fake_node.cn_cache, &b))
		abort();
}

/* ---- role/cn.h ---- */

unsigned cn_flush(struct cn *cn, const struct in6_addr *peer)
{
	const struct cn_key k = { hoa_of(0), peer ? *peer : in6addr_any };

	(void)cn;
	fake_node.flushed++;
	if (peer)
		return cnc_find(fake_node.cn_cache, &k) != NULL;
	return (unsigned)cnc_bound(fake_node.cn_cache);
}

struct cn_cache *cn_cache(struct cn *cn)
{
	(void)cn;
	return fake_node.cn_cache;
}

const struct cn_conf *cn_conf_of(const struct cn *cn)
{
	(void)cn;
	return &fake_node.conf->cn;
}

struct cn_stats cn_stats(const struct cn *cn)
{
	(void)cn;
	return (struct cn_stats){ .hoti = 4, .refused_by[136] = 2 };
}

/* ---- role/ha.h ---- */

struct bc *ha_bc(struct ha *ha)
{
	(void)ha;
	return fake_node.bc;
}

const struct ha_conf *ha_conf_of(const struct ha *ha)
{
	(void)ha;
	return &fake_node.conf->ha;
}

struct ha_stats ha_stats(const struct ha *ha)
{
	(void)ha;
	return (struct ha_stats){ .bu = 7, .refused_by[132] = 3 };
}

/* Itself, and one that it has heard. */
bool ha_agent(const struct ha *ha, size_t link, size_t i, struct ha_agent *out)
{
	const struct ha_conf *c = ha_conf_of(ha);

	if (link >= c->n_link || i > 1)
		return false;
	*out = (struct ha_agent){ .link = &c->links[link], .own = !i, .adv_age = i ? -1 : 1 };
	hal_own(c, out->link, &out->e);
	if (i) {
		out->e.ll.s6_addr[0] = 0xfe;
		out->e.ll.s6_addr[1] = 0x80;
		out->e.preference = 9;
		out->e.lifetime = 600;
		out->e.expires = run_now() + 599;
	} else {
		out->adv_wrong = ADV_NO_H | ADV_PREFERENCE;
	}
	return true;
}

unsigned ha_flush(struct ha *ha, const struct in6_addr *hoa)
{
	struct bc_entry *e = hoa ? bc_find(fake_node.bc, hoa, 0) : NULL;

	(void)ha;
	fake_node.flushed++;
	if (!hoa)
		return (unsigned)bc_count(fake_node.bc);
	if (e)
		bc_del(fake_node.bc, e);
	return e != NULL;
}

/* ---- role/mn.h ---- */

unsigned mn_homes(const struct mn *mn)
{
	(void)mn;
	return (unsigned)MIN(fake_node.conf->mn.n_home, (size_t)FAKE_HOMES);
}

bool mn_home(const struct mn *mn, unsigned i, struct mn_info *info)
{
	const struct home_conf *h = &fake_node.conf->mn.homes[i];

	(void)mn;
	*info = (struct mn_info){ .conf = h, .bul = &fake_node.bul[i], .tunnel = "mip0a",
				  .uplink = "wwan0", .probe_rtt = 0.05,
				  .n_prefix = (unsigned)MIN(h->n_prefix, (size_t)4),
				  .prefix = fake_node.prefix[i] };
	for (unsigned k = 0; k < info->n_prefix; k++)
		fake_node.prefix[i][k].conf = &h->prefixes[k];
	return true;
}

/* One, where the uplinks have BIDs. */
bool mn_path(const struct mn *mn, unsigned home, unsigned i, struct mn_path_info *info)
{
	static struct bul_path path;

	(void)mn, (void)home;
	if (i || !fake_node.conf->mn.n_uplink || !fake_node.conf->mn.uplinks[0].bid)
		return false;
	path = (struct bul_path){ .bid = fake_node.conf->mn.uplinks[0].bid, .wanted = true,
				  .usable = true, .alive = true, .rank = 1, .held = true,
				  .held_usable = true, .held_prio = 1, .expires = 1e9 };
	inet_pton(AF_INET6, "2001:db8:f1::c", &path.coa);
	path.held_coa = path.coa;
	*info = (struct mn_path_info){ .path = &path, .primary = true, .carries = true,
				       .uplink = "wwan0", .tunnel = "mip0a" };
	return true;
}

unsigned mn_tracks(const struct mn *mn)
{
	(void)mn;
	return (unsigned)MIN(fake_node.conf->mn.n_uplink, (size_t)FAKE_UPLINKS);
}

bool mn_track(struct mn *mn, unsigned i, struct mn_track_info *info)
{
	const struct uplink_conf *u = &fake_node.conf->mn.uplinks[i];
	const struct path *p = &fake_node.path[i];

	(void)mn;
	if (!u->bid)
		return false;
	*info = (struct mn_track_info){
		.home_address = fake_node.conf->mn.homes[0].hoa.a.in6, .bid = u->bid, .uplink = u,
		.state = "absent", .here = fake_node.here[i], .held = fake_node.held == u->bid,
		.preferred = fake_node.preferred == u->bid, .rx_rate = -1, .tx_rate = -1 };
	if (!info->here)
		return true;
	info->path = info->outer = p->profile ? p : NULL;
	info->inner = p->profile ? &fake_node.tunnel[i] : NULL;
	info->up = !p->profile || p->state == PATH_UP || p->state == PATH_SUSPECT;
	info->state = path_state_str(p->state);
	info->active = !i;
	info->reason = p->state == PATH_DOWN ? "silent" : NULL;
	info->rtt = p->rtt;
	info->since = 990;
	info->rx_rate = 1.2e6;
	info->tx_rate = 0.1e6;
	info->rx_bytes = 1000;
	info->tx_bytes = 2000;
	inet_pton(AF_INET6, "2001:db8:f1::1", &info->care_of);
	strcpy(info->tunnel, i ? "mip0b" : "mip0a");
	return true;
}

static int known(uint16_t bid)
{
	const struct mn_conf *m = &fake_node.conf->mn;

	for (size_t i = 0; i < m->n_uplink; i++)
		if (m->uplinks[i].bid == bid)
			return 0;
	return -ENOENT;
}

int mn_path_hold(struct mn *mn, uint16_t bid, bool hold)
{
	(void)mn;
	if (known(bid) < 0 || fake_node.answer < 0)
		return fake_node.answer < 0 ? fake_node.answer : -ENOENT;
	fake_node.held = hold ? bid : 0;
	return 0;
}

int mn_path_prefer(struct mn *mn, uint16_t bid)
{
	(void)mn;
	if (bid && known(bid) < 0)
		return -ENOENT;
	fake_node.preferred = bid;
	return 0;
}

int mn_path_probe(struct mn *mn, uint16_t bid)
{
	(void)mn;
	if (bid && known(bid) < 0)
		return -ENOENT;
	fake_node.probed++;
	return bid ? 1 : 2;
}

/* The first of each home is active, the second refused. */
bool mn_flow(const struct mn *mn, unsigned home, size_t i, struct mn_flow_info *info)
{
	const struct home_conf *h = &fake_node.conf->mn.homes[home];

	(void)mn;
	if (i >= h->n_flow)
		return false;
	*info = (struct mn_flow_info){ .conf = &h->flows[i], .bid = i ? 0 : h->flows[i].bid[0],
				       .view = i ? FLOW_REFUSED : FLOW_ACTIVE,
				       .status = i ? FLOW_PROHIBITED : FLOW_OK };
	return true;
}

/* The first of the other paths of each is all that it has. */
bool mn_peer_next(const struct mn *mn, const struct mn_peer_info *last, struct mn_peer_info *i)
{
	unsigned n = last->peer.s6_addr[15];		/* :: is before the first */
	const struct ro *r = n ? &fake_node.peer[n - 1] : NULL;

	(void)mn;
	if (r && !last->place && r->n_other && r->other[0].held) {
		*i = *last;
		i->other = &r->other[0];
		i->place = 1;
		return true;
	}
	if (n >= fake_node.n_peer)
		return false;
	*i = (struct mn_peer_info){ .home_address = fake_node.conf->mn.homes[0].hoa.a.in6,
				    .ro = &fake_node.peer[n], .rtt = 0.1 };
	inet_pton(AF_INET6, "2001:db8:cc::", &i->peer);
	i->peer.s6_addr[15] = (uint8_t)(n + 1);
	i->optimized = fake_node.peer[n].state == RO_BOUND;
	return true;
}

struct mn_stats mn_stats(const struct mn *mn)
{
	(void)mn;
	return (struct mn_stats){ .handovers = 2 };
}

static int changed(const struct in6_addr *hoa)
{
	const struct mn_conf *m = &fake_node.conf->mn;

	for (size_t i = 0; hoa && fake_node.answer >= 0 && i < m->n_home; i++)
		if (in6_eq(hoa, &m->homes[i].hoa.a.in6))
			return 1;
	return hoa && fake_node.answer >= 0 ? -ENOENT : fake_node.answer;
}

int mn_refresh(struct mn *mn, const struct in6_addr *hoa)
{
	(void)mn;
	fake_node.refreshed++;
	return changed(hoa);
}

int mn_discover(struct mn *mn, const struct in6_addr *hoa)
{
	(void)mn;
	fake_node.discovered++;
	return changed(hoa);
}

int mn_deregister(struct mn *mn, const struct in6_addr *hoa)
{
	(void)mn;
	fake_node.deregistered++;
	return changed(hoa);
}

/* ---- role/md.h ---- */

unsigned md_uplinks(const struct md *md)
{
	(void)md;
	return (unsigned)MIN(fake_node.conf->mn.n_uplink, (size_t)FAKE_UPLINKS);
}

bool md_uplink(const struct md *md, unsigned i, struct md_uplink_info *info)
{
	(void)md;
	*info = fake_node.uplink[i];
	info->dev = fake_node.conf->mn.uplinks[i].dev;
	return true;
}

struct md_detector md_detector(const struct md *md)
{
	(void)md;
	return fake_node.detector;
}

void md_detector_here(struct md *md, int pid)
{
	(void)md;
	fake_node.detector.connected = true;
	fake_node.detector.pid = pid;
}

void md_detector_gone(struct md *md)
{
	(void)md;
	fake_node.detector.connected = false;
}

/* ---- role/hint.h ---- */

bool node_hint(struct node *n, const struct event *e, struct hint_refusal *r)
{
	(void)n;
	if (fake_node.no_reason) {
		r->field = fake_node.no_field;
		snprintf(r->reason, sizeof(r->reason), "%s", fake_node.no_reason);
		return false;
	}
	fake_node.hint = *e;
	fake_node.hints++;
	return true;
}

/* ---- counters ---- */

struct mhsock_stats mhsock_stats(const struct mhsock *s)
{
	(void)s;
	return (struct mhsock_stats){ .rx[5] = 11, .tx[6] = 12 };
}

struct ndsock_stats ndsock_stats(const struct ndsock *s)
{
	(void)s;
	return (struct ndsock_stats){ .rx = 5 };
}

struct kern_stats kern_stats(const struct kern *k)
{
	(void)k;
	return (struct kern_stats){ .requests = 9 };
}

/* By the first BID three times as much as by the second. */
int kern_steer_count(struct kern *k, const struct in6_addr *owner, uint64_t flow,
		     kern_steered_fn fn, void *arg)
{
	(void)k, (void)owner;
	if (!flow)
		return -ENOENT;
	fn(arg, &(struct kern_steered){ 1, 30, 3000 });
	fn(arg, &(struct kern_steered){ 2, 10, 1000 });
	return 0;
}

int64_t kern_ingress_dropped(struct kern *k)
{
	(void)k;
	return -1;
}

void kern_sysctl_each(struct kern *k, void (*fn)(void *arg, const char *path, const char *was,
						 const char *now), void *arg)
{
	(void)k;
	fn(arg, "net/ipv6/conf/all/forwarding", "0", "1");
}
