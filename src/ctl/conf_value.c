/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/conf_schema.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sec/crypto.h"

#define KEY_TEXT_MAX	4096
#define MAKE_KEY	"(umask 077; head -c 32 /dev/urandom | od -An -tx1 > %s)"

static const char *word_name(const void *arg, size_t i)
{
	const struct conf_word *w = arg;

	return w[i].name;
}

/* One value where a list of them is expected. */
static int no_list(struct conf_ctx *x, const config_setting_t *s)
{
	const char *t = config_setting_get_string(s);

	return conf_err(x, s, NULL, "a list is expected, also of one: [ \"%.40s\" ]", t ? t : "...");
}

static int no_choice(struct conf_ctx *x, const config_setting_t *s, const char *t,
		     const struct conf_word *w, const char *what)
{
	const char *meant = conf_did_you_mean(t, word_name, w);
	char all[128] = "";
	size_t used = 0;

	if (meant)
		return conf_err(x, s, NULL, "\"%.40s\" is %s (did you mean \"%s\"?)", t, what, meant);
	for (; w->name && used < sizeof(all); w++)
		used += (size_t)snprintf(all + used, sizeof(all) - used, "%s\"%s\"",
					 used ? ", " : "", w->name);
	return conf_err(x, s, NULL, "\"%.40s\" is %s: %s", t, what, all);
}

/* The bits of an array of words. Returns -EINVAL after saying what is wrong. */
static int words(struct conf_ctx *x, const config_setting_t *s, const struct conf_word *w,
		 unsigned *bits)
{
	int rc = 0;

	if (!config_setting_is_array(s) && !config_setting_is_list(s))
		return no_list(x, s);
	*bits = 0;
	for (int i = 0; i < config_setting_length(s); i++) {
		const config_setting_t *e = config_setting_get_elem(s, (unsigned)i);
		const char *t = conf_text(x, e);
		size_t k = 0;

		if (!t)
			return -EINVAL;
		while (w[k].name && strcmp(w[k].name, t) != 0)
			k++;
		if (!w[k].name)
			rc = no_choice(x, e, t, w, "not a choice");
		else if (*bits & w[k].value)
			rc = conf_err(x, e, NULL, "\"%s\" is given twice", t);
		else
			*bits |= w[k].value;
	}
	return rc;
}

int conf_roles_fn(struct conf_ctx *x, const config_setting_t *s, void *obj)
{
	struct conf *c = obj;

	x->bad_roles = words(x, s, conf_word_role, &c->roles) < 0;
	return x->bad_roles ? -EINVAL : 0;
}

int conf_ipv4_options_fn(struct conf_ctx *x, const config_setting_t *s, void *obj)
{
	struct conf *c = obj;
	unsigned bits;
	int rc;

	static const struct conf_word bit[] = { { "rfc5555", 1 }, { "v4prefix", 2 }, { NULL, 0 } };

	rc = words(x, s, bit, &bits);
	if (rc < 0)
		return rc;
	c->ha.accept_rfc5555 = bits & 1;
	c->ha.accept_v4prefix = bits & 2;
	return 0;
}

int conf_events_fn(struct conf_ctx *x, const config_setting_t *s, void *obj)
{
	return words(x, s, conf_word_event, &((struct hook_conf *)obj)->events);
}

/* That nobody else can change it is looked at when something is to be run. */
void conf_on_event_after(struct conf_ctx *x, const config_setting_t *s, void *obj, uint64_t seen)
{
	const struct hook_conf *c = obj;
	const config_setting_t *dir = config_setting_get_member(s, "directory");
	struct stat st;

	(void)seen;
	if (!*c->dir)
		return;
	if (*c->dir != '/')
		conf_err(x, dir, NULL, "\"%.100s\" does not begin with /", c->dir);
	else if (stat(c->dir, &st) < 0)
		conf_warn(x, dir, NULL, "%.100s: %s; nothing will be run", c->dir,
			  strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		conf_err(x, dir, NULL, "%.100s is no directory", c->dir);
}

int conf_debug_fn(struct conf_ctx *x, const config_setting_t *s, void *obj)
{
	struct conf *c = obj;

	if (!config_setting_is_array(s) && !config_setting_is_list(s))
		return no_list(x, s);
	free(c->log.debug);
	c->log.debug = NULL;
	c->log.n_debug = 0;
	for (int i = 0; i < config_setting_length(s); i++) {
		const config_setting_t *e = config_setting_get_elem(s, (unsigned)i);
		const char *t = conf_text(x, e);
		struct conf_room *r;
		size_t k = 0;

		if (!t)
			continue;
		while (conf_word_room[k].name && strcmp(conf_word_room[k].name, t) != 0)
			k++;
		if (!conf_word_room[k].name) {
			no_choice(x, e, t, conf_word_room, "no room");
			continue;
		}
		r = conf_grow(x, &c->log.debug, &c->log.n_debug, sizeof(*r));
		if (r)
			snprintf(r->name, sizeof(r->name), "%s", t);
	}
	return 0;
}

/* ---- key files ---- */

/* Hex digits, white space between them ignored. Returns octets, or -EINVAL, -E2BIG. */
static int key_decode(const char *text, size_t n, uint8_t key[static AUTH_KEY_MAX])
{
	size_t digits = 0;

	for (size_t i = 0; i < n; i++) {
		int c = tolower((unsigned char)text[i]);
		int v = isdigit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;

		if (isspace(c))
			continue;
		if (v < 0)
			return -EINVAL;
		if (digits / 2 >= AUTH_KEY_MAX)
			return -E2BIG;
		key[digits / 2] = (uint8_t)(digits & 1 ? key[digits / 2] | v : v << 4);
		digits++;
	}
	return digits & 1 ? -EINVAL : (int)(digits / 2);
}

/* Opens a file with a secret: regular, and nobody else may read it. fd, or an error said. */
static int secret_open(struct conf_ctx *x, const config_setting_t *s, const char *path)
{
	struct stat st;
	int fd = -1;

	/* looked at first: to open a device may do something */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return conf_err(x, s, NULL, "%s is not a regular file", path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno == ENOENT)
		return conf_err(x, s, NULL, "%s: no such file: copy it from the other end, or make it: "
				MAKE_KEY, path, path);
	if (fd < 0 && errno == EACCES)
		return conf_err(x, s, NULL, "%s: no permission: it must belong to the user that mip6d "
				"runs as: chown mip6d %s", path, path);
	if (fd < 0)
		return conf_err(x, s, NULL, "%s: %s", path, strerror(errno));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		conf_err(x, s, NULL, "%s is not a regular file", path);
	} else if (st.st_mode & (S_IRWXG | S_IRWXO)) {
		conf_err(x, s, NULL, "%s: mode %04o lets others use the key: chmod 600 %s",
			 path, st.st_mode & 07777, path);
	} else {
		return fd;
	}
	close(fd);
	return -EINVAL;
}

static int key_read(struct conf_ctx *x, const config_setting_t *s, const char *path,
		    struct auth_key *key)
{
	char buf[KEY_TEXT_MAX];
	int fd = secret_open(x, s, path), len;
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, buf, sizeof(buf));
	close(fd);
	len = n < 0 ? -errno : n == sizeof(buf) ? -E2BIG : key_decode(buf, (size_t)n, key->key);
	crypto_wipe(buf, sizeof(buf));
	if (len == -E2BIG || len > AUTH_KEY_MAX)
		return conf_err(x, s, NULL, "%s: the key is too long: at most %d octets", path,
				AUTH_KEY_MAX);
	if (len < 0)
		return conf_err(x, s, NULL, "%s: pairs of hexadecimal digits are expected, no"
				" password; make it: " MAKE_KEY, path, path);
	if (len == 0)
		return conf_err(x, s, NULL, "%s is empty: copy it from the other end, or make it: "
				MAKE_KEY, path, path);
	if (len < AUTH_KEY_MIN)
		return conf_err(x, s, NULL, "%s: the key is too short: %d octets, at least %d; make it: "
				MAKE_KEY, path, len, AUTH_KEY_MIN, path);
	key->len = (uint8_t)len;
	return 0;
}

int conf_key_file_fn(struct conf_ctx *x, const config_setting_t *s, void *obj)
{
	struct sec_conf *sec = obj;
	const char *t = conf_text(x, s), *slash = strrchr(x->file, '/');
	char path[PATH_MAX];
	int n;

	if (!t)
		return -EINVAL;
	/* relative to the file that names it */
	n = *t == '/' || !slash ? snprintf(path, sizeof(path), "%s", t)
				: snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - x->file),
					   x->file, t);
	if (n < 0 || (size_t)n >= sizeof(path))
		return conf_err(x, s, NULL, "the path is too long");
	return key_read(x, s, path, &sec->key);
}

void conf_security_after(struct conf_ctx *x, const config_setting_t *s, void *obj, uint64_t seen)
{
	struct sec_conf *sec = obj;

	(void)seen;
	if (sec->method == SEC_NONE)
		x->n_open++;
	if (sec->method != SEC_AUTH_OPTION)
		return;
	if (!config_setting_get_member(s, "spi"))
		conf_err(x, s, NULL, "method auth-option needs spi");
	if (!config_setting_get_member(s, "key_file"))
		conf_err(x, s, NULL, "method auth-option needs key_file");
}

/* ---- homes and mobile nodes ---- */

int conf_home_address_fn(struct conf_ctx *x, const config_setting_t *s, void *obj)
{
	struct home_conf *h = obj;
	struct prefix p;
	int rc = conf_get_prefix(x, s, false, &p);

	if (rc < 0)
		return rc;
	if (p.family != AF_INET6)
		return conf_err(x, s, NULL, "%s: a home address is an IPv6 address", PFX(&p));
	h->hoa = p;
	return 0;
}

static int home_agent(struct conf_ctx *x, const config_setting_t *s, struct home_conf *h)
{
	const char *t = conf_text(x, s);
	struct in6_addr a;

	if (!t)
		return -EINVAL;
	if (h->discover)
		return conf_err(x, s, NULL, "\"discover\" comes last");
	if (strcmp(t, "discover") == 0) {
		h->discover = true;
		return 0;
	}
	if (conf_get_addr6(x, s, t, &a) < 0)
		return -EINVAL;
	for (size_t i = 0; i < h->n_ha; i++) {
		if (in6_eq(&h->home_agents[i], &a))
			return conf_err(x, s, NULL, "%s is given twice", A6(&a));
	}
	if (h->n_ha == HOME_MAX_HA)
		return conf_err(x, s, NULL, "more than %d home agents", HOME_MAX_HA);
	h->home_agents[h->n_ha++] = a;
	return 0;
}

int conf_home_agent_fn(struct conf_ctx *x, const config_setting_t *s, void *obj)
{
	if (!config_setting_is_array(s) && !config_setting_is_list(s))
		return home_agent(x, s, obj);
	if (config_setting_length(s) == 0)
		return conf_err(x, s, NULL, "is empty");
	for (int i = 0; i < config_setting_length(s); i++)
		home_agent(x, config_setting_get_elem(s, (unsigned)i), obj);
	return 0;
}

int conf_mnp_fn(struct conf_ctx *x, const config_setting_t *s, void *obj)
{
	struct mnp_conf *m = obj;
	struct prefix p;
	int rc = conf_get_prefix(x, s, true, &p);

	if (rc == 0)
		m->prefix = p;
	return rc;
}

int conf_life_prefix_fn(struct conf_ctx *x, const config_setting_t *s, void *obj)
{
	struct prefix_life *l = obj;
	struct prefix p;
	int rc = conf_get_prefix(x, s, true, &p);

	if (rc == 0)
		l->prefix = p;
	return rc;
}

/* Its lifetimes are about its prefixes, each one's said once. */
void conf_link_after(struct conf_ctx *x, const config_setting_t *s, void *obj, uint64_t seen)
{
	const struct home_link *l = obj;
	const config_setting_t *list = config_setting_get_member(s, "prefix_lifetimes");

	(void)seen;
	for (size_t i = 0; i < l->n_life; i++) {
		const struct prefix_life *p = &l->lives[i];
		const config_setting_t *at = config_setting_get_elem(list, (unsigned)i);
		bool found = !p->prefix.family, again = false;

		for (size_t k = 0; k < l->n_prefix; k++)	/* one that was not read may be it */
			found |= !l->prefixes[k].family || prefix_eq(&l->prefixes[k], &p->prefix);
		for (size_t k = 0; k < i; k++)
			again |= p->prefix.family && prefix_eq(&l->lives[k].prefix, &p->prefix);
		if (!found)
			conf_err(x, at, NULL, "%s is none of the link's prefixes", PFX(&p->prefix));
		if (again)
			conf_err(x, at, NULL, "%s is given twice", PFX(&p->prefix));
		if (p->preferred > p->valid)
			conf_err(x, at, NULL, "preferred_lifetime %u is more than valid_lifetime",
				 p->preferred);
	}
}

/* Everything, "::/0", may be said here, as the last of a policy. */
int conf_peer_fn(struct conf_ctx *x, const config_setting_t *s, void *obj)
{
	struct peer_policy *p = obj;
	const char *t = conf_text(x, s);
	struct prefix peer, net;

	if (!t)
		return -EINVAL;
	if (prefix_parse(t, &peer) < 0 || peer.family != AF_INET6)
		return conf_err(x, s, NULL, "\"%.60s\" is not an IPv6 prefix", t);
	net = prefix_network(&peer);
	if (prefix_has_host_bits(&peer))
		return conf_err(x, s, NULL, "%s has host bits (did you mean %s?)", PFX(&peer),
				PFX(&net));
	p->peer = peer;
	return 0;
}

/* What an earlier entry covers is never asked for. */
void conf_policy_after(struct conf_ctx *x, const config_setting_t *s, void *obj, uint64_t seen)
{
	const config_setting_t *list = config_setting_parent(s);
	const struct peer_policy *p = obj;
	struct prefix before;
	const char *text;
	char where[128];

	(void)seen;
	for (int i = 0; p->peer.family && i < config_setting_index(s); i++) {
		const config_setting_t *e = config_setting_get_elem(list, (unsigned)i);

		if (config_setting_lookup_string(e, "peer", &text) &&
		    prefix_parse(text, &before) == 0 && prefix_contains(&before, &p->peer)) {
			conf_warn(x, s, NULL, "decides nothing: %s is in %s (%s)", PFX(&p->peer),
				  text, conf_place(x, e, where, sizeof(where)));
			return;
		}
	}
}

void conf_mnp_after(struct conf_ctx *x, const config_setting_t *s, void *obj, uint64_t seen)
{
	const struct mnp_conf *m = obj;
	const config_setting_t *mode = config_setting_get_member(s, "mode");

	(void)seen;
	switch (m->mode) {
	case PREFIX_EXPLICIT:
		/* RFC 5555 3.1.1 gives an address of /32 another meaning */
		if (m->prefix.family == AF_INET && m->prefix.plen == 32)
			conf_err(x, s, NULL, "%s: an explicit IPv4 prefix of one address is a home "
				 "address, which is not in this version", PFX(&m->prefix));
		break;
	case PREFIX_IMPLICIT:
		if (m->prefix.family == AF_INET)
			conf_err(x, mode, NULL,
				 "%s: for an IPv4 prefix that the home agent knows it "
				 "is \"static\"",
				 PFX(&m->prefix));
		break;
	case PREFIX_STATIC:
		if (m->prefix.family == AF_INET6)
			conf_err(x, mode, NULL,
				 "%s: for an IPv6 prefix that the home agent knows it "
				 "is \"implicit\"",
				 PFX(&m->prefix));
		break;
	}
}

void conf_node_after(struct conf_ctx *x, const config_setting_t *s, void *obj, uint64_t seen)
{
	const config_setting_t *router = config_setting_get_member(s, "router");
	struct mobile_node *n = obj;

	(void)seen;
	if (router && !n->router && n->n_prefix)
		conf_err(x, router, NULL, "has prefixes, but may not be a router");
	n->router = n->router || n->n_prefix;
	for (size_t i = 0; i < n->n_prefix; i++) {
		if (n->prefixes[i].family == AF_INET && n->prefixes[i].plen == 32 &&
		    !n->ipv4_static)
			conf_err(x, config_setting_get_member(s, "prefixes"), NULL,
				 "%s: an IPv4 prefix of one address needs ipv4_static = true",
				 PFX(&n->prefixes[i]));
	}
}
