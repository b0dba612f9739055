/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What went through the tunnels, by the kernel's counters of their devices: a home agent's shared
 * one, and those of a mobile node. A device that is made anew begins at 0.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ctl/ctl_priv.h"
#include "plan/plan_ha.h"

static bool read_line(const char *line, const char *name, uint64_t v[static 4])
{
	uint64_t rx, rx_packets, tx, tx_packets;
	size_t n = strlen(name);

	line += strspn(line, " ");
	if (strncmp(line, name, n) != 0 || line[n] != ':' ||
	    sscanf(line + n + 1, "%" SCNu64 " %" SCNu64 " %*u %*u %*u %*u %*u %*u %" SCNu64
		   " %" SCNu64, &rx, &rx_packets, &tx, &tx_packets) != 4)
		return false;
	v[0] = rx;
	v[1] = rx_packets;
	v[2] = tx;
	v[3] = tx_packets;
	return true;
}

static bool counters(FILE *f, const char *name, uint64_t v[static 4])
{
	char line[512];

	rewind(f);
	while (fgets(line, sizeof(line), f)) {
		if (read_line(line, name, v))
			return true;
	}
	return false;
}

static void add(struct json_object *a, FILE *f, const char *name)
{
	struct json_object *o;
	uint64_t v[4];

	for (size_t i = 0; i < json_object_array_length(a); i++) {
		o = json_object_array_get_idx(a, i);	/* two home addresses may share it */
		if (strcmp(json_object_get_string(json_object_object_get(o, "device")), name) == 0)
			return;
	}
	if (!counters(f, name, v))
		return;
	o = json_object_new_object();
	ctl_set(o, "device", json_object_new_string(name));
	ctl_set(o, "rx_bytes", ctl_int(v[0]));
	ctl_set(o, "rx_packets", ctl_int(v[1]));
	ctl_set(o, "tx_bytes", ctl_int(v[2]));
	ctl_set(o, "tx_packets", ctl_int(v[3]));
	json_object_array_add(a, o);
}

struct json_object *ctl_tunnel_stats(const struct node *n)
{
	struct json_object *a = json_object_new_array();
	FILE *f = fopen("/proc/self/net/dev", "re");
	struct mn_info i;

	if (!f)
		return a;
	if (n->ha && ha_conf_of(n->ha)->tunnel == TUNNEL_SHARED)
		add(a, f, HA_DEVICE);
	for (unsigned k = 0; n->mn && k < mn_homes(n->mn); k++) {
		if (mn_home(n->mn, k, &i) && *i.tunnel)
			add(a, f, i.tunnel);
	}
	fclose(f);
	return a;
}
