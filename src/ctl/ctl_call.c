/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include "ctl/ctl_priv.h"
#include "mip6/ctl.h"
#include "run/log.h"

#define SERVICE		"org.varlink.service"

/* ---- replies ---- */

void ctl_reply(struct ctl_client *c, struct json_object *params, bool continues)
{
	struct json_object *o;

	if (c->oneway) {
		json_object_put(params);
		return;
	}
	o = json_object_new_object();
	ctl_set(o, "parameters", params ? params : json_object_new_object());
	if (continues)
		ctl_set(o, "continues", ctl_bool(true));
	ctl_put(c, o);
}

void ctl_error(struct ctl_client *c, const char *error, const char *key, const char *value)
{
	struct json_object *o, *p;

	if (c->oneway)
		return;
	o = json_object_new_object();
	p = json_object_new_object();
	ctl_set(o, "error", json_object_new_string(error));
	if (key)
		ctl_set(p, key, json_object_new_string(value));
	ctl_set(o, "parameters", p);
	ctl_put(c, o);
}

/* ---- org.varlink.service ---- */

static void get_info(struct ctl_client *c, struct json_object *params)
{
	struct json_object *o = json_object_new_object(), *i = json_object_new_array();

	(void)params;
	ctl_set(o, "vendor", json_object_new_string("mip6d"));
	ctl_set(o, "product", json_object_new_string("mip6d"));
	ctl_set(o, "version", json_object_new_string(MIP6D_VERSION));
	ctl_set(o, "url", json_object_new_string("man:mip6d(8)"));
	json_object_array_add(i, json_object_new_string(SERVICE));
	json_object_array_add(i, json_object_new_string(MIP6_CTL_INTERFACE));
	ctl_set(o, "interfaces", i);
	ctl_reply(c, o, false);
}

static void get_description(struct ctl_client *c, struct json_object *params)
{
	const char *name = json_object_get_string(json_object_object_get(params, "interface"));
	struct json_object *o;

	if (!name) {
		ctl_error(c, SERVICE ".InvalidParameter", "parameter", "interface");
		return;
	}
	if (strcmp(name, MIP6_CTL_INTERFACE) != 0 && strcmp(name, SERVICE) != 0) {
		ctl_error(c, SERVICE ".InterfaceNotFound", "interface", name);
		return;
	}
	o = json_object_new_object();
	ctl_set(o, "description", json_object_new_string(strcmp(name, SERVICE) == 0
							 ? ctl_idl_service : ctl_idl));
	ctl_reply(c, o, false);
}

/* ---- io.mip6d ---- */

static void status(struct ctl_client *c, struct json_object *params)
{
	(void)params;
	ctl_reply(c, ctl_status(c->ctl), false);
}

/* The optional home_address of a call: 1 given, 0 not, -EINVAL refused. */
static int get_hoa(struct ctl_client *c, struct json_object *params, struct in6_addr *hoa)
{
	struct json_object *o = json_object_object_get(params, "home_address");

	if (!o)
		return 0;
	if (json_object_is_type(o, json_type_string) &&
	    inet_pton(AF_INET6, json_object_get_string(o), hoa) == 1)
		return 1;
	ctl_error(c, SERVICE ".InvalidParameter", "parameter", "home_address");
	return -EINVAL;
}

/* What was changed of hoa; nothing at all is -ENOENT for who knows what is bound alone. */
static int found(size_t count, bool given)
{
	return count || !given ? (int)count : -ENOENT;
}

static void changed(struct ctl_client *c, const char *what, int count, const struct in6_addr *hoa)
{
	struct json_object *o;

	if (count == -EADDRNOTAVAIL) {
		ctl_error(c, MIP6_CTL_E_FAILED, "reason",
			  "no care-of address to ask from (at home, or no uplink is attached)");
		return;
	}
	if (count == -ENOENT && hoa) {
		ctl_error(c, MIP6_CTL_E_NOT_FOUND, "home_address", A6(hoa));
		return;
	}
	if (count < 0) {
		ctl_error(c, MIP6_CTL_E_FAILED, "reason", strerror(-count));
		return;
	}
	log_notice("ctl", "operator: %s %s: count=%d", what, hoa ? A6(hoa) : "all", count);
	o = json_object_new_object();
	ctl_set(o, "count", ctl_int(count));
	ctl_reply(c, o, false);
}

static void flush(struct ctl_client *c, struct json_object *params)
{
	struct node *n = c->ctl->node;
	struct in6_addr hoa;
	int given = get_hoa(c, params, &hoa);

	if (given < 0)
		return;
	if (!n || !n->ha)
		ctl_error(c, MIP6_CTL_E_NO_ROLE, "role", "ha");
	else
		changed(c, "flush", found(ha_flush(n->ha, given ? &hoa : NULL), given),
			given ? &hoa : NULL);
}

static void flush_peers(struct ctl_client *c, struct json_object *params)
{
	struct node *n = c->ctl->node;
	struct in6_addr hoa;
	int given = get_hoa(c, params, &hoa);

	if (given < 0)
		return;
	if (!n || !n->cn)
		ctl_error(c, MIP6_CTL_E_NO_ROLE, "role", "cn");
	else
		changed(c, "flush peers", found(cn_flush(n->cn, given ? &hoa : NULL), given),
			given ? &hoa : NULL);
}

static void on_mobile(struct ctl_client *c, struct json_object *params, const char *what,
		      int (*fn)(struct mn *mn, const struct in6_addr *hoa))
{
	struct node *n = c->ctl->node;
	struct in6_addr hoa;
	int given = get_hoa(c, params, &hoa);

	if (given < 0)
		return;
	if (!n || !n->mn)
		ctl_error(c, MIP6_CTL_E_NO_ROLE, "role", "mn");
	else
		changed(c, what, fn(n->mn, given ? &hoa : NULL), given ? &hoa : NULL);
}

static void refresh(struct ctl_client *c, struct json_object *params)
{
	on_mobile(c, params, "refresh", mn_refresh);
}

static void deregister(struct ctl_client *c, struct json_object *params)
{
	on_mobile(c, params, "deregister", mn_deregister);
}

static void discover(struct ctl_client *c, struct json_object *params)
{
	on_mobile(c, params, "discover", mn_discover);
}

/* ---- dispatch ---- */

static const struct method {
	const char *name;
	bool admin, more;
	const char *param[2];		/* the keys that it takes */
	void (*fn)(struct ctl_client *c, struct json_object *params);
} method[] = {
	{ MIP6_CTL_INTERFACE ".Status", false, false, { NULL }, status },
	{ MIP6_CTL_INTERFACE ".GetStats", false, false, { "raw" }, ctl_get_stats },
	{ MIP6_CTL_INTERFACE ".Diagnose", false, false, { NULL }, ctl_diagnose },
	{ MIP6_CTL_INTERFACE ".GetConfig", false, true, { "effective" }, ctl_get_config },
	{ MIP6_CTL_INTERFACE ".GetLogLevels", false, true, { NULL }, ctl_get_log },
	{ MIP6_CTL_INTERFACE ".ListHandovers", false, true, { "last" }, ctl_list_handovers },
	{ MIP6_CTL_INTERFACE ".ListBindings", false, true, { "home_address" }, ctl_list_bindings },
	{ MIP6_CTL_INTERFACE ".ListRegistrations", false, true, { "home_address" },
	  ctl_list_registrations },
	{ MIP6_CTL_INTERFACE ".ListPrefixes", false, true, { "home_address" }, ctl_list_prefixes },
	{ MIP6_CTL_INTERFACE ".ListFlows", false, true, { "home_address" }, ctl_list_flows },
	{ MIP6_CTL_INTERFACE ".ListHomeAgents", false, true, { NULL }, ctl_list_agents },
	{ MIP6_CTL_INTERFACE ".ListPeers", false, true, { "address" }, ctl_list_peers },
	{ MIP6_CTL_INTERFACE ".ListPaths", false, true, { "bid" }, ctl_list_paths },
	{ MIP6_CTL_INTERFACE ".Monitor", false, true, { "events" }, ctl_monitor },
	{ MIP6_CTL_INTERFACE ".Refresh", true, false, { "home_address" }, refresh },
	{ MIP6_CTL_INTERFACE ".Deregister", true, false, { "home_address" }, deregister },
	{ MIP6_CTL_INTERFACE ".Discover", true, false, { "home_address" }, discover },
	{ MIP6_CTL_INTERFACE ".Flush", true, false, { "home_address" }, flush },
	{ MIP6_CTL_INTERFACE ".FlushPeers", true, false, { "home_address" }, flush_peers },
	{ MIP6_CTL_INTERFACE ".UsePath", true, false, { "bid", "use" }, ctl_use_path },
	{ MIP6_CTL_INTERFACE ".PreferPath", true, false, { "bid" }, ctl_prefer_path },
	{ MIP6_CTL_INTERFACE ".ProbePaths", true, false, { "bid" }, ctl_probe_paths },
	{ MIP6_CTL_INTERFACE ".Reload", true, false, { "undo_after" }, ctl_reload },
	{ MIP6_CTL_INTERFACE ".Confirm", true, false, { NULL }, ctl_confirm },
	{ MIP6_CTL_INTERFACE ".ResetStats", true, false, { NULL }, ctl_reset_stats },
	{ MIP6_CTL_INTERFACE ".SetLogLevel", true, false, { "room", "level" }, ctl_set_log },
	{ MIP6_CTL_INTERFACE ".Inject", true, false, { "event", "fields" }, ctl_inject },
	{ SERVICE ".GetInfo", false, false, { NULL }, get_info },
	{ SERVICE ".GetInterfaceDescription", false, false, { "interface" }, get_description },
};

static bool takes(const struct method *m, const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(m->param); i++) {
		if (m->param[i] && strcmp(m->param[i], key) == 0)
			return true;
	}
	return false;
}

static void unknown(struct ctl_client *c, const char *name)
{
	const char *dot = strrchr(name, '.');
	size_t n = dot ? (size_t)(dot - name) : 0;

	for (size_t i = 0; n && i < ARRAY_SIZE(method); i++) {
		if (strncmp(method[i].name, name, n + 1) == 0 &&
		    !strchr(method[i].name + n + 1, '.')) {
			ctl_error(c, SERVICE ".MethodNotFound", "method", name);
			return;
		}
	}
	ctl_error(c, SERVICE ".InterfaceNotFound", "interface", name);
}

static void dispatch(struct ctl_client *c, const char *name, struct json_object *params)
{
	const struct method *m = method;

	while (m < method + ARRAY_SIZE(method) && strcmp(m->name, name) != 0)
		m++;
	if (m == method + ARRAY_SIZE(method)) {
		unknown(c, name);
		return;
	}
	json_object_object_foreach(params, key, val) {
		(void)val;
		if (!takes(m, key)) {
			ctl_error(c, SERVICE ".InvalidParameter", "parameter", key);
			return;
		}
	}
	if (m->admin && !c->admin)
		ctl_error(c, SERVICE ".PermissionDenied", NULL, NULL);
	else if (m->more && !c->more)
		ctl_error(c, SERVICE ".ExpectedMore", NULL, NULL);
	else
		m->fn(c, params);
}

static bool flag(struct json_object *call, const char *key)
{
	return json_object_get_boolean(json_object_object_get(call, key));
}

static struct json_object *parse(const char *text, size_t len)
{
	struct json_tokener *t = json_tokener_new_ex(MIP6_CTL_DEPTH_MAX);
	struct json_object *o;

	if (!t)
		return NULL;
	json_tokener_set_flags(t, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(t, text, (int)len);
	if (json_tokener_get_error(t) != json_tokener_success ||
	    json_tokener_get_parse_end(t) != len) {
		json_object_put(o);
		o = NULL;
	}
	json_tokener_free(t);
	return o;
}

void ctl_call(struct ctl_client *c, const char *text, size_t len)
{
	struct json_object *call = len <= MIP6_CTL_REQUEST_MAX ? parse(text, len) : NULL;
	struct json_object *name = NULL, *params = NULL, *none = NULL;

	if (json_object_is_type(call, json_type_object)) {
		name = json_object_object_get(call, "method");
		params = json_object_object_get(call, "parameters");
	}
	if (!json_object_is_type(name, json_type_string) ||
	    (params && !json_object_is_type(params, json_type_object))) {
		/* the two ends no longer understand each other: nothing after it can be trusted */
		log_rl(&c->ctl->rl, "ctl", "client fd=%d: not a call: closed", c->fd);
		c->dead = true;
		json_object_put(call);
		return;
	}
	c->more = flag(call, "more");
	c->oneway = flag(call, "oneway");
	if (!params)
		params = none = json_object_new_object();
	dispatch(c, json_object_get_string(name), params);
	json_object_put(none);
	json_object_put(call);
}
