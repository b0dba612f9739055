/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include "kern/priv.h"

static void rule_put_prefix(struct nlmsghdr *h, uint16_t type, const struct prefix *p)
{
	if (p->family)
		mnl_attr_put(h, type, family_bytes(p->family), &p->a);
}

static struct nlmsghdr *rule_msg(struct kern *k, uint16_t type, uint16_t flags,
				 const struct k_rule *r)
{
	struct nlmsghdr *h = nlq_msg(&k->rt, type, flags);
	struct fib_rule_hdr *fr = mnl_nlmsg_put_extra_header(h, sizeof(*fr));

	fr->family = r->family;
	fr->src_len = r->from.plen;
	fr->dst_len = r->to.plen;
	fr->flags = r->find_source ? FIB_RULE_FIND_SADDR : 0;
	fr->action = r->table ? FR_ACT_TO_TBL : FR_ACT_PROHIBIT;
	fr->table = (uint8_t)(r->table < 256 ? r->table : RT_TABLE_UNSPEC);
	mnl_attr_put_u32(h, FRA_PRIORITY, r->pref);
	mnl_attr_put_u8(h, FRA_PROTOCOL, RTPROT_MIP6D);
	rule_put_prefix(h, FRA_SRC, &r->from);
	rule_put_prefix(h, FRA_DST, &r->to);
	if (r->iif[0])
		mnl_attr_put_strz(h, FRA_IIFNAME, r->iif);
	if (r->oif[0])
		mnl_attr_put_strz(h, FRA_OIFNAME, r->oif);
	if (r->fwmask) {
		mnl_attr_put_u32(h, FRA_FWMARK, r->fwmark);
		mnl_attr_put_u32(h, FRA_FWMASK, r->fwmask);
	}
	if (r->table)
		mnl_attr_put_u32(h, FRA_TABLE, r->table);
	if (r->suppress_plen >= 0)
		mnl_attr_put_u32(h, FRA_SUPPRESS_PREFIXLEN, (uint32_t)r->suppress_plen);
	return h;
}

/* All of a rule is its key, so there is no change. */
int kern_rule_put(struct kern *k, struct kop *op, const struct kobj *o, const struct kobj *was)
{
	(void)was;
	kern_req(&k->rt, rule_msg(k, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, &o->rule), op);
	return 0;
}

int kern_rule_del(struct kern *k, struct kop *op, const struct kobj *o)
{
	kern_req(&k->rt, rule_msg(k, RTM_DELRULE, 0, &o->rule), op);
	return 0;
}
