/* SPDX-License-Identifier: BSD-2-Clause */
/* What only the daemon knows of the health of its host. */
#include <sys/stat.h>

#include "ctl/ctl_priv.h"
#include "run/timer.h"

/* Without these mobile nodes do not know that they are at home, or by whom they are served. */
#define ADV_NEEDED	(ADV_NO_H | ADV_NO_PREFIX | ADV_NO_ADDRESS | ADV_ROUTERS)

static struct json_object *sentences(unsigned wrong)
{
	struct json_object *a = json_object_new_array();

	for (unsigned i = 0; i < ADV__COUNT; i++) {
		if (wrong & 1u << i)
			json_object_array_add(a, json_object_new_string(hal_adv_str(1u << i)));
	}
	return a;
}

/* Of this host, on each home link: what mobile nodes that are at home believe. */
static struct json_object *advertisements(const struct ha *ha)
{
	struct json_object *a = json_object_new_array();
	struct ha_agent h;

	for (size_t i = 0; ha && ha_agent(ha, i, 0, &h); i++) {
		struct json_object *o;

		if (!h.link)		/* a home on no link is told to nobody */
			continue;
		o = json_object_new_object();
		ctl_set(o, "device", json_object_new_string(h.link->dev));
		ctl_set(o, "age", h.adv_age >= 0 ? ctl_seconds(h.adv_age) : NULL);
		ctl_set(o, "missing", sentences(h.adv_wrong & ADV_NEEDED));
		ctl_set(o, "different", sentences(h.adv_wrong & ~(unsigned)ADV_NEEDED));
		json_object_array_add(a, o);
	}
	return a;
}

void ctl_diagnose(struct ctl_client *c, struct json_object *params)
{
	const struct node *n = c->ctl->node;
	const struct mn_conf *mn = n && n->mn ? n->conf.mn : NULL;
	struct json_object *o = json_object_new_object();
	struct stat st;

	(void)params;
	ctl_set(o, "netns", stat("/proc/self/ns/net", &st) == 0 ? ctl_int(st.st_ino) : NULL);
	ctl_set(o, "source_on_request", mn ? ctl_bool(mn->coa_on_request) : NULL);
	ctl_set(o, "routes_by_source", mn ? ctl_bool(mn->routes_by_source) : NULL);
	ctl_set(o, "advertisements", advertisements(n ? n->ha : NULL));
	ctl_reply(c, o, false);
}
